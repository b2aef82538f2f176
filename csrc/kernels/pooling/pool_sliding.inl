// Pooling with windows of 3 x 3 and stride 1 or 2, and of 2 x 2 that do not overlap: a block of
// channels slides along a row of windows, so that what windows share is worked out once and
// written once.

struct Largest {
  static Vec none() { return splat(-__builtin_inff()); }
  static Vec join(Vec a, Vec b) { return max(a, b); }
  static Vec finish(Vec x, int64_t) { return x; }
};
struct Average {
  static Vec none() { return Vec{}; }
  static Vec join(Vec a, Vec b) { return a + b; }
  static Vec finish(Vec x, int64_t pixels) {
    // The inverse of a power of two is exact, and a product cheaper than a quotient.
    if ((pixels & (pixels - 1)) == 0) return x * (1.0f / (float)pixels);
    return x / (float)pixels;
  }
};

// Rows are joined to one value a column, columns then to windows. Of two rows of windows at once,
// the image row that they share is read once.
template <class Pool, int size, int stride, int lines>
inline void pool_row_sliding(PoolWindows at, const float* x, float* y) {
  constexpr int shared = size - stride;
  for_channel_blocks(at.channels, [&](auto block) FASTCNN_INLINE {
    constexpr int vectors = decltype(block)::vectors;
    const auto column = [&](int64_t c, int line, Vec* to) FASTCNN_INLINE {
      const float* pixel = x + line * stride * at.row + c * at.channels + block.channel;
      const bool inside = c >= 0 && c < at.width;
      for (int v = 0; v < vectors; ++v) {
        to[v] = inside ? block.from(pixel, v) : Pool::none();
        if (inside)
          for (int64_t r = 1; r < at.rows; ++r)
            to[v] = Pool::join(to[v], block.from(pixel + r * at.row, v));
      }
    };
    const auto full_column = [&](int64_t c, int line, Vec* to) FASTCNN_INLINE {
      const float* pixel = x + line * stride * at.row + c * at.channels + block.channel;
      for (int v = 0; v < vectors; ++v) {
        to[v] = block.from(pixel, v);
        for (int r = 1; r < size; ++r) to[v] = Pool::join(to[v], block.from(pixel + r * at.row, v));
      }
    };
    // Columns [shared, size) of the window at hand follow those that the last one shares with it.
    Vec columns[lines][size][vectors];
    for (int l = 0; l < lines; ++l)
      for (int k = 0; k < shared; ++k) column(k - at.pad, l, columns[l][k]);
    const int64_t whole =
        at.rows == size && at.width + at.pad >= size ? (at.width + at.pad - size) / stride + 1 : 0;
    for_steps(at.windows, (at.pad + stride - 1) / stride, whole,
              [&](int64_t j, auto edge) FASTCNN_INLINE {
                unrolled<shared, size>([&](auto k) FASTCNN_INLINE {
                  const int64_t c = j * stride - at.pad + k.value;
                  for (int l = 0; l < lines; ++l)
                    edge.value ? column(c, l, columns[l][k.value])
                               : full_column(c, l, columns[l][k.value]);
                });
                const int64_t pixels =
                    edge.value ? at.rows * columns_inside(at, j) : int64_t{size} * size;
                for (int l = 0; l < lines; ++l) {
                  float* to = y + (l * at.windows + j) * at.channels + block.channel;
                  for (int v = 0; v < vectors; ++v) {
                    Vec joined = columns[l][0][v];
                    for (int k = 1; k < size; ++k) joined = Pool::join(joined, columns[l][k][v]);
                    block.put(to, v, Pool::finish(joined, pixels), at.non_temporal);
                    for (int k = 0; k < shared; ++k) columns[l][k][v] = columns[l][k + stride][v];
                  }
                }
              });
  });
  if (at.non_temporal) non_temporal_end();
}

// Calls pool_row_sliding and returns true where it serves, which it always does for two lines.
template <class Pool>
inline bool pooled_by_sliding(const PoolWindows& at, const float* x, float* y) {
  // A window without rows has nothing to begin with.
  if (at.rows < 1 || at.rows > at.size) return false;
  if (at.size == 2 && at.stride == 2) return pool_row_sliding<Pool, 2, 2, 1>(at, x, y), true;
  if (at.size != 3 || at.stride > 2) return false;
  if (at.stride == 1)
    at.lines == 2 ? pool_row_sliding<Pool, 3, 1, 2>(at, x, y)
                  : pool_row_sliding<Pool, 3, 1, 1>(at, x, y);
  else
    at.lines == 2 ? pool_row_sliding<Pool, 3, 2, 2>(at, x, y)
                  : pool_row_sliding<Pool, 3, 2, 1>(at, x, y);
  return true;
}
