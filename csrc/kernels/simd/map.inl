// Functions of vectors over contiguous numbers.

// How many of `n` numbers come before the first vector on its boundary, where there are enough for
// stores across cache lines to cost more than a short first vector.
inline int64_t before_boundary(const float* y, int64_t n) {
  constexpr int64_t kEnough = 16 * kLanes;
  return n < kEnough ? 0 : (-(int64_t)(uintptr_t)y & (4 * kLanes - 1)) / 4;
}

inline bool on_boundary(const float* p) { return ((uintptr_t)p & (4 * kLanes - 1)) == 0; }

// y[i] = f(i) for the whole vectors from i on; returns where they end.
template <class F>
inline int64_t fill_vectors(int64_t i, int64_t n, float* y, bool non_temporal, F f) {
  if (non_temporal && on_boundary(y + i))
    for (; i + kLanes <= n; i += kLanes) store_non_temporal(y + i, f(i));
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(i));
  return i;
}

// y[i] = f(x[i]); y may be x.
template <class F>
inline void map(int64_t n, const float* x, float* y, F f, bool non_temporal = false) {
  int64_t i = before_boundary(y, n);
  if (i > 0) store_head(y, f(load_head(x, i)), i);
  i = fill_vectors(i, n, y, non_temporal, [=](int64_t place) { return f(load(x + place)); });
  if (i < n) store_head(y + i, f(load_head(x + i, n - i)), n - i);
}
