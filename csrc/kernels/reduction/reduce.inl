// The sum of whole groups of four vectors, lane by lane. Halves are summed apart down to
// kSummedAtOnce groups: an error then grows with that and the logarithm of the length.
inline Vec sum_groups(int64_t groups, const float* x) {
  constexpr int64_t kSummedAtOnce = 64;
  if (groups > kSummedAtOnce) {
    const int64_t half = (groups / 2 + kSummedAtOnce - 1) / kSummedAtOnce * kSummedAtOnce;
    return sum_groups(half, x) + sum_groups(groups - half, x + half * 4 * kLanes);
  }
  Vec sum[4] = {};
  for (int64_t g = 0; g < groups; ++g, x += 4 * kLanes)
    for (int64_t v = 0; v < 4; ++v) sum[v] += load(x + v * kLanes);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// Sums along contiguous rows: y[r] = sum over i of x[r * columns + i], in an order that `columns`
// fixes.
void sum_columns(int64_t rows, int64_t columns, const float* x, float* y) noexcept {
  for (int64_t r = 0; r < rows; ++r, x += columns) {
    const int64_t groups = columns / (4 * kLanes);
    int64_t i = groups * 4 * kLanes;
    Vec sum = sum_groups(groups, x);
    for (; i + kLanes <= columns; i += kLanes) sum += load(x + i);
    if (i < columns) sum += load_head(x + i, columns - i);
    y[r] = sum_of_lanes(sum);
  }
}
