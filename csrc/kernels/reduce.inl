// Sum of rows: y[i] = x[i] + x[stride + i] + ... over `rows` terms, always in this order.
// Requires rows >= 1.
void sum_rows(int64_t rows, int64_t columns, const float* x, int64_t stride, float* y) noexcept {
  constexpr int64_t kBlock = 4;
  int64_t i = 0;
  for (; i + kBlock * kLanes <= columns; i += kBlock * kLanes) {
    Vec sum[kBlock];
    for (int64_t v = 0; v < kBlock; ++v) sum[v] = load(x + i + v * kLanes);
    for (int64_t r = 1; r < rows; ++r)
      for (int64_t v = 0; v < kBlock; ++v) sum[v] += load(x + r * stride + i + v * kLanes);
    for (int64_t v = 0; v < kBlock; ++v) store(y + i + v * kLanes, sum[v]);
  }
  for (; i < columns; i += kLanes) {
    const int64_t left = columns - i < kLanes ? columns - i : kLanes;
    Vec sum = load_head(x + i, left);
    for (int64_t r = 1; r < rows; ++r) sum += load_head(x + r * stride + i, left);
    store_head(y + i, sum, left);
  }
}
