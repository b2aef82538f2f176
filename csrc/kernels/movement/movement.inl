// Elements moved, not computed: copies of rows, and transposes of 4-byte elements.

// Bytes of one vector.
constexpr int64_t kBytes = 4 * kLanes;

inline Vec load_any(const uint8_t* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline void store_any(uint8_t* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }

// Bytes from p to the next boundary of whole vectors.
inline int64_t bytes_to_boundary(const void* p) { return -(int64_t)(uintptr_t)p & (kBytes - 1); }

inline void copy_row(int64_t n, const uint8_t* x, uint8_t* y, bool non_temporal) {
  if (n < kBytes) {
    __builtin_memcpy(y, x, (uint64_t)n);
    return;
  }
  // The first and the last vector overlap others: a byte copied twice is the same byte. Between
  // them all stores lie within a cache line, and none is stored to in both ways if y starts there.
  int64_t i = bytes_to_boundary(y);
  if (i > 0) store_any(y, load_any(x));
  if (non_temporal)
    for (; i + kBytes <= n; i += kBytes) store_non_temporal((float*)(y + i), load_any(x + i));
  else
    for (; i + kBytes <= n; i += kBytes) store_any(y + i, load_any(x + i));
  if (i < n) store_any(y + n - kBytes, load_any(x + n - kBytes));
}

void copy_rows(const CopyRows& at) noexcept {
  for (int64_t r = 0; r < at.rows; ++r)
    copy_row(at.bytes, at.from + r * at.from_row, at.to + r * at.to_row, at.non_temporal);
  if (at.non_temporal) non_temporal_end();
}

// Rows of squares that are worked through for all columns: whole pieces of the rows of `from`.
constexpr int64_t kRun = 4 * kLanes;

inline void transpose_tile(const Transpose& at, int64_t r, int64_t c) {
  Vec v[kLanes];
  const float* p = at.from + r + c * at.from_step;
  float* q = at.to + r * at.to_row + c;
  // Rows that lie far apart are too many for the machine to foresee.
  if (at.far)
    for (int64_t i = 0; i < kLanes; ++i) __builtin_prefetch(p + i * at.from_step + kRun);
  for (int64_t i = 0; i < kLanes; ++i) v[i] = load(p + i * at.from_step);
  transpose_square(v);
  if (at.non_temporal)
    for (int64_t j = 0; j < kLanes; ++j) store_non_temporal(q + j * at.to_row, v[j]);
  else
    for (int64_t j = 0; j < kLanes; ++j) store(q + j * at.to_row, v[j]);
}

inline void transpose_edge(const Transpose& at, int64_t r, int64_t c, int64_t height,
                           int64_t width) {
  Vec v[kLanes];
  const float* p = at.from + r + c * at.from_step;
  float* q = at.to + r * at.to_row + c;
  for (int64_t i = 0; i < kLanes; ++i)
    v[i] = i < width ? load_head(p + i * at.from_step, height) : Vec{};
  transpose_square(v);
  for (int64_t j = 0; j < height; ++j) store_head(q + j * at.to_row, v[j], width);
}

// Up to so many columns (or rows) without gaps are woven by their own way: as many permutations
// for a vector, where a square takes log2(lanes).
constexpr int64_t kWoven = kLanes >= 8 ? 4 : 0;

// `ways` vectors from `from`, `from_step` apart, woven into as many that follow each other.
template <int32_t ways>
inline void weave(const Transpose& at, bool unweave) {
  constexpr int32_t lanes = (int32_t)kLanes;
  // Operator k puts the lanes that come from vector k + 1, the first also those from vector 0; a
  // lane that has its number already takes itself.
  VecInt from[ways][ways - 1];
  for (int32_t m = 0; m < ways; ++m)
    for (int32_t lane = 0; lane < lanes; ++lane) {
      const int32_t flat = unweave ? lane * ways + m : m * lanes + lane;
      const int32_t vector = unweave ? flat / lanes : flat % ways;
      const int32_t place = unweave ? flat % lanes : flat / ways;
      for (int32_t k = 0; k < ways - 1; ++k)
        from[m][k][lane] = vector == k + 1 ? lanes + place : (k == 0 ? place : lane);
    }
  const int64_t many = unweave ? at.columns : at.rows;
  const int64_t from_step = unweave ? kLanes : at.from_step;
  const int64_t to_step = unweave ? at.to_row : kLanes;
  int64_t i = 0;
  for (; i + kLanes <= many; i += kLanes) {
    const float* p = at.from + (unweave ? ways * i : i);
    float* q = at.to + (unweave ? i : ways * i);
    Vec v[ways];
    for (int32_t k = 0; k < ways; ++k) v[k] = load(p + k * from_step);
    for (int32_t m = 0; m < ways; ++m) {
      Vec y = v[0];
      for (int32_t k = 0; k < ways - 1; ++k) y = two_lanes(y, v[k + 1], from[m][k]);
      store(q + m * to_step, y);
    }
  }
  for (; i < many; ++i)
    for (int32_t k = 0; k < ways; ++k) {
      if (unweave)
        at.to[k * at.to_row + i] = at.from[i * ways + k];
      else
        at.to[i * ways + k] = at.from[k * at.from_step + i];
    }
}

inline void weave_by(int64_t ways, const Transpose& at, bool unweave) {
  if (ways == 2) return weave<2>(at, unweave);
  if (ways == 3) return weave<3>(at, unweave);
  weave<4>(at, unweave);
}

void transpose(const Transpose& at) noexcept {
  if (at.columns > 1 && at.columns <= kWoven && at.to_row == at.columns)
    return weave_by(at.columns, at, false);
  if (at.rows > 1 && at.rows <= kWoven && at.from_step == at.rows)
    return weave_by(at.rows, at, true);
  for (int64_t begin = 0; begin < at.rows; begin += kRun) {
    const int64_t end = begin + kRun < at.rows ? begin + kRun : at.rows;
    for (int64_t c = 0; c < at.columns; c += kLanes)
      for (int64_t r = begin; r < end; r += kLanes) {
        const int64_t height = end - r, width = at.columns - c;
        if (height >= kLanes && width >= kLanes)
          transpose_tile(at, r, c);
        else
          transpose_edge(at, r, c, height < kLanes ? height : kLanes,
                         width < kLanes ? width : kLanes);
      }
  }
  if (at.non_temporal) non_temporal_end();
}

// One row of a weighted sum of rows: y[i] = sum over t of weight[t] * x[row[t] * columns + i].
void weighted_rows(int64_t taps, const int64_t* row, const float* weight, int64_t columns,
                   const float* x, float* y) noexcept {
  for_row(columns, [&](int64_t i, int64_t n) {
    Vec sum{};
    for (int64_t t = 0; t < taps; ++t) sum += weight[t] * load_head(x + row[t] * columns + i, n);
    store_head(y + i, sum, n);
  });
}
