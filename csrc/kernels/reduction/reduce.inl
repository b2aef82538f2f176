// Sums along contiguous rows: y[r] = sum over i of x[r * columns + i], in an order that `columns`
// fixes.
void sum_columns(int64_t rows, int64_t columns, const float* x, float* y) noexcept {
  for (int64_t r = 0; r < rows; ++r, x += columns) {
    Vec sum[4] = {};
    int64_t i = 0;
    for (; i + 4 * kLanes <= columns; i += 4 * kLanes)
      for (int64_t v = 0; v < 4; ++v) sum[v] += load(x + i + v * kLanes);
    for (; i + kLanes <= columns; i += kLanes) sum[0] += load(x + i);
    if (i < columns) sum[1] += load_head(x + i, columns - i);
    y[r] = sum_of_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
}
