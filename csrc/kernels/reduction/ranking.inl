// Where the largest numbers are. A NaN is larger than all numbers, the first of equals wins.

// The first of `n` numbers that is `largest`, or NaN where that is.
inline int64_t place_of(int64_t n, const float* x, float largest) {
  const Vec value = splat(largest);
  const bool nan = largest != largest;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec v = load(x + i);
    if (any(nan ? v != v : v == value)) break;
  }
  while (nan ? x[i] == x[i] : x[i] != largest) ++i;
  return i;
}

// The largest of `n` numbers, NaN where one is NaN.
inline float largest_or_nan(int64_t n, const float* x) {
  const Vec none = splat(-__builtin_inff());
  Vec best[4] = {none, none, none, none};
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes)
    for (int64_t k = 0; k < 4; ++k) best[k] = max(best[k], load(x + i + k * kLanes));
  for (; i + kLanes <= n; i += kLanes) best[0] = max(best[0], load(x + i));
  if (i < n) best[1] = max(best[1], head_of(load_head(x + i, n - i), none, n - i));
  return max_of_lanes(max(max(best[0], best[1]), max(best[2], best[3])));
}

// A short row: the largest of kLanes rows at a time, turned so that a vector holds a column.
inline void argmax_short_rows(int64_t rows, int64_t columns, const float* x, int64_t* y) {
  for (int64_t r = 0; r < rows; r += kLanes, x += kLanes * columns) {
    const int64_t count = rows - r < kLanes ? rows - r : kLanes;
    Vec v[kLanes];
    for (int64_t i = 0; i < kLanes; ++i)
      v[i] = i < count ? load_head(x + i * columns, columns) : Vec{};
    transpose_square(v);
    Vec best = v[0];
    VecInt place{};
    for (int64_t c = 1; c < columns; ++c) {
      const VecInt wins = ~(v[c] <= best) & (best == best);
      best = wins ? v[c] : best;
      place = wins ? VecInt{} + (int32_t)c : place;
    }
    for (int64_t lane = 0; lane < count; ++lane) y[r + lane] = place[lane];
  }
}

// Index of the largest number of each row; rows are contiguous and not empty.
void argmax_rows(int64_t rows, int64_t columns, const float* x, int64_t* y) noexcept {
  if (columns <= kLanes) return argmax_short_rows(rows, columns, x, y);
  // Looked for first in all of a block, then for its place while the block is in the first-level
  // cache.
  constexpr int64_t kBlock = 4096;
  for (int64_t r = 0; r < rows; ++r, x += columns) {
    float best = 0;
    y[r] = 0;
    for (int64_t i = 0; i < columns; i += kBlock) {
      const int64_t n = columns - i < kBlock ? columns - i : kBlock;
      const float largest = largest_or_nan(n, x + i);
      if (i > 0 && largest <= best) continue;
      best = largest;
      y[r] = i + place_of(n, x + i, largest);
      if (best != best) break;
    }
  }
}

// For each of `columns` columns, whose numbers lie `stride` apart, the row of the largest of
// `rows` >= 1.
void argmax_columns(int64_t rows, int64_t columns, const float* x, int64_t stride,
                    int64_t* y) noexcept {
  for_channel_blocks(columns, [&](auto block) {
    const float* column = x + block.channel;
    Vec best[block.vectors];
    VecInt place[block.vectors] = {};
    for (int v = 0; v < block.vectors; ++v) best[v] = block.from(column, v);
    for (int64_t r = 1; r < rows; ++r)
      for (int v = 0; v < block.vectors; ++v) {
        const Vec number = block.from(column + r * stride, v);
        // Not "number > best", so that a NaN wins; nothing wins over that.
        const VecInt wins = ~(number <= best[v]) & (best[v] == best[v]);
        best[v] = wins ? number : best[v];
        place[v] = wins ? VecInt{} + (int32_t)r : place[v];
      }
    for (int v = 0; v < block.vectors; ++v)
      for (int64_t lane = 0; lane < kLanes && lane < block.left; ++lane)
        y[block.channel + v * kLanes + lane] = place[v][lane];
  });
}

// How many of `n` numbers are not at most `limit`.
void count_above(int64_t n, const float* x, float limit, int64_t* result) noexcept {
  // A lane counts at most so many vectors before its count is moved to 64 bits.
  constexpr int64_t kBlock = int64_t{1} << 30;
  *result = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = n - begin < kBlock ? n : begin + kBlock;
    VecInt count{};
    int64_t i = begin;
    // A comparison that holds is -1.
    for (; i + kLanes <= end; i += kLanes) count -= ~(load(x + i) <= limit);
    if (i < end)
      count -= ~(load_head(x + i, end - i) <= limit) & (lane_index() < (int32_t)(end - i));
    for (int64_t lane = 0; lane < kLanes; ++lane) *result += count[lane];
  }
}
