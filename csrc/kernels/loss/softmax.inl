// Softmax and its logarithm along contiguous rows, and their gradients. Rows hold at least one
// number; outputs may be the inputs' memory. A NaN or +inf in a row makes all of it NaN.

// The largest of a row. A NaN may be passed over: it comes back with the exponentials.
inline float largest_of(int64_t columns, const float* x) {
  const Vec none = splat(-__builtin_inff());
  constexpr int64_t kChains = 4;
  Vec best[kChains] = {none, none, none, none};
  const auto take = [](Vec& to, Vec v) { to = max_number(v, to); };
  int64_t i = 0;
  for (; i + kChains * kLanes <= columns; i += kChains * kLanes)
    for (int64_t v = 0; v < kChains; ++v) take(best[v], load(x + i + v * kLanes));
  for (; i + kLanes <= columns; i += kLanes) take(best[0], load(x + i));
  if (i < columns) take(best[1], head_of(load_head(x + i, columns - i), none, columns - i));
  take(best[0], best[1]);
  take(best[2], best[3]);
  take(best[0], best[2]);
  for (int32_t by = (int32_t)kLanes / 2; by > 0; by /= 2) take(best[0], rotate(best[0], by));
  return best[0][0];
}

// Sum of f(i, n) over the vectors of a row; f gives zero beyond n.
template <class F>
inline float sum_along(int64_t columns, F f) {
  constexpr int64_t kChains = 4;
  Vec total{};
  for_parts(columns, [&](int64_t begin, int64_t size) {
    const int64_t end = begin + size;
    Vec sum[kChains] = {};
    int64_t i = begin;
    for (; i + kChains * kLanes <= end; i += kChains * kLanes)
      for (int64_t v = 0; v < kChains; ++v) sum[v] += f(i + v * kLanes, kLanes);
    for (; i + kLanes <= end; i += kLanes) sum[0] += f(i, kLanes);
    if (i < end) sum[1] += f(i, end - i);
    total += (sum[0] + sum[1]) + (sum[2] + sum[3]);
  });
  return sum_of_lanes(total);
}

// The first pass over a row is made before the last one over the row before, so that neither waits
// for the other's sum over lanes.
void softmax(int64_t rows, int64_t columns, const float* x, float* y) noexcept {
  Vec largest = splat(rows > 0 ? largest_of(columns, x) : 0);
  for (int64_t r = 0; r < rows; ++r, x += columns, y += columns) {
    const float sum = sum_along(columns, [&](int64_t i, int64_t n) {
      const Vec e = exp_of_negative(load_head(x + i, n) - largest);
      store_head(y + i, e, n);
      return head_of(e, Vec{}, n);
    });
    if (r + 1 < rows) largest = splat(largest_of(columns, x + columns));
    const Vec scale = splat(1.0f / sum);
    for_row(columns,
            [&](int64_t i, int64_t n) { store_head(y + i, load_head(y + i, n) * scale, n); });
  }
}

void log_softmax(int64_t rows, int64_t columns, const float* x, float* y) noexcept {
  for (int64_t r = 0; r < rows; ++r, x += columns, y += columns) {
    const Vec largest = splat(largest_of(columns, x));
    const Vec sum = splat(sum_along(columns, [&](int64_t i, int64_t n) {
      return head_of(exp_of_negative(load_head(x + i, n) - largest), Vec{}, n);
    }));
    const Vec log_sum = log(sum);
    map(columns, x, y, [&](Vec v) { return (v - largest) - log_sum; });
  }
}

// dx = y * (dy - sum(y * dy))
void softmax_grad(int64_t rows, int64_t columns, const float* y, const float* dy,
                  float* dx) noexcept {
  for (int64_t r = 0; r < rows; ++r, y += columns, dy += columns, dx += columns) {
    const Vec mean = splat(sum_along(
        columns, [&](int64_t i, int64_t n) { return load_head(y + i, n) * load_head(dy + i, n); }));
    for_row(columns, [&](int64_t i, int64_t n) {
      store_head(dx + i, load_head(y + i, n) * (load_head(dy + i, n) - mean), n);
    });
  }
}

// dx = dy - exp(y) * sum(dy)
void log_softmax_grad(int64_t rows, int64_t columns, const float* y, const float* dy,
                      float* dx) noexcept {
  for (int64_t r = 0; r < rows; ++r, y += columns, dy += columns, dx += columns) {
    const Vec sum =
        splat(sum_along(columns, [&](int64_t i, int64_t n) { return load_head(dy + i, n); }));
    for_row(columns, [&](int64_t i, int64_t n) {
      store_head(dx + i, load_head(dy + i, n) - exp(load_head(y + i, n)) * sum, n);
    });
  }
}
