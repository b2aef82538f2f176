// Panels of a matrix: rows of `width` numbers, so that a tile of the product reads one run.

// Rows lie far apart, where no hardware looks ahead: so many of them are prefetched early.
constexpr int64_t kRowsAhead = 16;

// Copies rows x columns numbers into a panel of `width` columns, zeros beyond `columns`.
void pack_rows(int64_t rows, int64_t columns, int64_t width, const float* source, int64_t stride,
               float* panel) noexcept {
  for (int64_t n = columns / kLanes * kLanes; n < width; n += kLanes) {
    const int64_t left = columns > n ? columns - n : 0;
    for (int64_t k = 0; k < rows; ++k)
      store(panel + k * width + n, left > 0 ? load_head(source + k * stride + n, left) : Vec{});
  }
  if (columns == 2 * kLanes && width == 2 * kLanes) {
    for (int64_t k = 0; k < rows; ++k, source += stride, panel += 2 * kLanes) {
      __builtin_prefetch(source + kRowsAhead * stride);
      __builtin_prefetch(source + kRowsAhead * stride + 2 * kLanes - 1);
      store(panel, load(source));
      store(panel + kLanes, load(source + kLanes));
    }
    return;
  }
  for (int64_t k = 0; k < rows; ++k, source += stride, panel += width)
    for (int64_t n = 0; n + kLanes <= columns; n += kLanes) {
      __builtin_prefetch(source + kRowsAhead * stride + n);
      store(panel + n, load(source + n));
    }
}

// The same as pack_rows from the transposed source: panel[k][n] = source[n * stride + k].
void pack_columns(int64_t rows, int64_t columns, int64_t width, const float* source, int64_t stride,
                  float* panel) noexcept {
  for (int64_t k = 0; k < rows; k += kLanes) {
    const int64_t count = rows - k < kLanes ? rows - k : kLanes;
    for (int64_t n = 0; n < width; n += kLanes) {
      Vec block[kLanes];
      const float* from = source + n * stride + k;
      if (count == kLanes && n + kLanes <= columns)
        for (int i = 0; i < kLanes; ++i) {
          block[i] = load(from + i * stride);
          __builtin_prefetch(from + i * stride + 2 * kLanes);
        }
      else
        for (int i = 0; i < kLanes; ++i)
          block[i] = n + i < columns ? load_head(from + i * stride, count) : Vec{};
      transpose_square(block);
      float* to = panel + k * width + n;
      for (int i = 0; i < kLanes; ++i)
        if (i < count) store(to + i * width, block[i]);
    }
  }
}
