// A square of lanes transposed in registers.

// Lane i is lane from[i] of a and b end to end.
inline Vec two_lanes(Vec a, Vec b, VecInt from) {
#if defined(__clang__)
  Vec r{};
  for (int32_t i = 0; i < (int32_t)kLanes; ++i)
    r[i] = from[i] < (int32_t)kLanes ? a[from[i]] : b[from[i] - (int32_t)kLanes];
  return r;
#else
  return __builtin_shuffle(a, b, from);
#endif
}

// Rows of a square of lanes become its columns. In each round neighbours at a distance exchange
// the halves that lie on the wrong side of the diagonal.
template <int32_t apart>
inline void exchange(Vec* v) {
  constexpr int32_t lanes = (int32_t)kLanes;
  const VecInt lane = lane_index();
  const VecInt lower = (lane & apart) == 0 ? lane : lane - apart + lanes;
  const VecInt upper = (lane & apart) == 0 ? lane + apart : lane + lanes;
  for (int32_t i = 0; i < lanes; ++i) {
    if ((i & apart) != 0) continue;
    const Vec a = v[i], b = v[i + apart];
    v[i] = two_lanes(a, b, lower);
    v[i + apart] = two_lanes(a, b, upper);
  }
}
inline void transpose_square(Vec* v) {
  exchange<1>(v);
  exchange<2>(v);
  if constexpr (kLanes >= 8) exchange<4>(v);
  if constexpr (kLanes >= 16) exchange<8>(v);
}
