// Softmax and its logarithm along contiguous rows, and their gradients. Rows hold at least one
// number; outputs may be the inputs' memory. A NaN or +inf in a row makes all of it NaN.

// The largest of a row. NaN may get lost: it comes back with the exponentials.
inline float largest_of(int64_t columns, const float* x) {
  const Vec none = splat(-__builtin_inff());
  Vec best = none;
  int64_t i = 0;
  for (; i + kLanes <= columns; i += kLanes) best = max(best, load(x + i));
  if (i < columns) best = max(best, head_of(load_head(x + i, columns - i), none, columns - i));
  return max_of_lanes(best);
}

// Sum over i of f(i-th vector), which must be zero beyond the row's end.
template <class F>
inline float sum_along(int64_t columns, F f) {
  Vec sum{};
  for (int64_t i = 0; i < columns; i += kLanes)
    sum += f(i, columns - i < kLanes ? columns - i : kLanes);
  return sum_of_lanes(sum);
}

void softmax(int64_t rows, int64_t columns, const float* x, float* y) noexcept {
  for (int64_t r = 0; r < rows; ++r, x += columns, y += columns) {
    const Vec largest = splat(largest_of(columns, x));
    const float sum = sum_along(columns, [&](int64_t i, int64_t n) {
      const Vec e = exp(load_head(x + i, n) - largest);
      store_head(y + i, e, n);
      return head_of(e, Vec{}, n);
    });
    const Vec scale = splat(1.0f / sum);
    map(columns, y, y, [&](Vec e) { return e * scale; });
  }
}

void log_softmax(int64_t rows, int64_t columns, const float* x, float* y) noexcept {
  for (int64_t r = 0; r < rows; ++r, x += columns, y += columns) {
    const Vec largest = splat(largest_of(columns, x));
    const Vec sum = splat(sum_along(columns, [&](int64_t i, int64_t n) {
      return head_of(exp(load_head(x + i, n) - largest), Vec{}, n);
    }));
    const Vec log_sum = log(sum);
    map(columns, x, y, [&](Vec v) { return (v - largest) - log_sum; });
  }
}

// dx = y * (dy - sum(y * dy))
void softmax_grad(int64_t rows, int64_t columns, const float* y, const float* dy,
                  float* dx) noexcept {
  for (int64_t r = 0; r < rows; ++r, y += columns, dy += columns, dx += columns) {
    const Vec mean = splat(sum_along(columns, [&](int64_t i, int64_t n) {
      return load_head(y + i, n) * load_head(dy + i, n);
    }));
    for (int64_t i = 0; i < columns; i += kLanes) {
      const int64_t n = columns - i < kLanes ? columns - i : kLanes;
      store_head(dx + i, load_head(y + i, n) * (load_head(dy + i, n) - mean), n);
    }
  }
}

// dx = dy - exp(y) * sum(dy)
void log_softmax_grad(int64_t rows, int64_t columns, const float* y, const float* dy,
                      float* dx) noexcept {
  for (int64_t r = 0; r < rows; ++r, y += columns, dy += columns, dx += columns) {
    const Vec sum = splat(
        sum_along(columns, [&](int64_t i, int64_t n) { return load_head(dy + i, n); }));
    for (int64_t i = 0; i < columns; i += kLanes) {
      const int64_t n = columns - i < kLanes ? columns - i : kLanes;
      store_head(dx + i, load_head(dy + i, n) - exp(load_head(y + i, n)) * sum, n);
    }
  }
}
