// Rows that are added one after the other. More are summed in halves, so that an error grows with
// this and the logarithm of their number.
constexpr int64_t kRowsAtOnce = 64;

// How many rows the first half has.
inline int64_t first_half(int64_t rows) {
  return (rows / 2 + kRowsAtOnce - 1) / kRowsAtOnce * kRowsAtOnce;
}

// A block of `vectors` vectors of columns, the last of which holds `left` columns, into `y`. Few
// columns leave registers for several partial sums, so that additions need not wait for each other.
template <int vectors>
inline void add_rows_of(int64_t rows, int64_t left, const float* x, int64_t stride, Vec* y) {
  if (rows > kRowsAtOnce) {
    const int64_t half = first_half(rows);
    Vec second[vectors];
    add_rows_of<vectors>(half, left, x, stride, y);
    add_rows_of<vectors>(rows - half, left, x + half * stride, stride, second);
    for (int v = 0; v < vectors; ++v) y[v] += second[v];
    return;
  }
  constexpr int chains = vectors >= 4 ? 1 : 4 / vectors;
  Vec sum[chains][vectors] = {};
  const auto add = [&](Vec* to, const float* row) {
    for (int v = 0; v < vectors - 1; ++v) to[v] += load(row + v * kLanes);
    to[vectors - 1] += load_head(row + (vectors - 1) * kLanes, left);
  };
  int64_t r = 0;
  for (; r + chains <= rows; r += chains)
    for (int c = 0; c < chains; ++c) add(sum[c], x + (r + c) * stride);
  for (; r < rows; ++r) add(sum[0], x + r * stride);
  for (int c = 1; c < chains; ++c)
    for (int v = 0; v < vectors; ++v) sum[0][v] += sum[c][v];
  for (int v = 0; v < vectors; ++v) y[v] = sum[0][v];
}

template <int vectors>
inline void sum_block_of(int64_t rows, int64_t left, const float* x, int64_t stride, float* y) {
  Vec sum[vectors];
  add_rows_of<vectors>(rows, left, x, stride, sum);
  for (int v = 0; v < vectors - 1; ++v) store(y + v * kLanes, sum[v]);
  store_head(y + (vectors - 1) * kLanes, sum[vectors - 1], left);
}

template <int vectors>
inline void sum_block(int64_t rows, int64_t left, const float* x, int64_t stride, float* y) {
  // Apart, so that a whole last vector needs no mask.
  if (left == kLanes) return sum_block_of<vectors>(rows, kLanes, x, stride, y);
  sum_block_of<vectors>(rows, left, x, stride, y);
}

// Columns that sum_wide takes together: each half of the rows keeps so many sums on the stack.
constexpr int64_t kWideColumns = 1024;

// Many columns: four rows at a time are added to y, which stays in the first-level cache. A block
// in registers would read too little of a row at once for the memory to keep up.
inline void sum_wide(int64_t rows, int64_t columns, const float* x, int64_t stride, float* y) {
  if (rows > kRowsAtOnce) {
    const int64_t half = first_half(rows);
    for (int64_t i = 0; i < columns; i += kWideColumns) {
      const int64_t count = columns - i < kWideColumns ? columns - i : kWideColumns;
      float second[kWideColumns];
      sum_wide(half, count, x + i, stride, y + i);
      sum_wide(rows - half, count, x + half * stride + i, stride, second);
      for_row(count, [&](int64_t j, int64_t n) {
        store_head(y + i + j, load_head(y + i + j, n) + load_head(second + j, n), n);
      });
    }
    return;
  }
  for (int64_t r = 0; r < rows; r += 4) {
    const int64_t count = rows - r < 4 ? rows - r : 4;
    const float* row = x + r * stride;
    for_row(columns, [&](int64_t i, int64_t n) {
      Vec sum = r > 0 ? load_head(y + i, n) : Vec{};
      for (int64_t c = 0; c < count; ++c) sum += load_head(row + c * stride + i, n);
      store_head(y + i, sum, n);
    });
  }
}

// Sum of rows: y[i] = sum over r of x[r * stride + i], in an order that rows and columns fix.
inline void sum_rows(int64_t rows, int64_t columns, const float* x, int64_t stride,
                     float* y) noexcept {
  constexpr int64_t kChannelBlock = 8 * kLanes;
  if (rows > 0 && columns > 2 * kChannelBlock) return sum_wide(rows, columns, x, stride, y);
  for (; columns > kChannelBlock; columns -= kChannelBlock, x += kChannelBlock, y += kChannelBlock)
    sum_block<8>(rows, kLanes, x, stride, y);
  const int64_t vectors = (columns + kLanes - 1) / kLanes;
  const int64_t left = columns - (vectors - 1) * kLanes;
  switch (vectors) {
    case 1:
      return sum_block<1>(rows, left, x, stride, y);
    case 2:
      return sum_block<2>(rows, left, x, stride, y);
    case 3:
      return sum_block<3>(rows, left, x, stride, y);
    case 4:
      return sum_block<4>(rows, left, x, stride, y);
    case 5:
      return sum_block<5>(rows, left, x, stride, y);
    case 6:
      return sum_block<6>(rows, left, x, stride, y);
    case 7:
      return sum_block<7>(rows, left, x, stride, y);
    case 8:
      return sum_block<8>(rows, left, x, stride, y);
  }
}
