// One row of a weighted sum of rows: y[i] = sum over t of weight[t] * x[row[t] * columns + i].
void weighted_rows(int64_t taps, const int64_t* row, const float* weight, int64_t columns,
                   const float* x, float* y) noexcept {
  for_row(columns, [&](int64_t i, int64_t n) {
    Vec sum{};
    for (int64_t t = 0; t < taps; ++t) sum += weight[t] * load_head(x + row[t] * columns + i, n);
    store_head(y + i, sum, n);
  });
}
