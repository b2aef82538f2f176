// The only SIMD vocabulary: one vector, as wide as the instruction set this file is compiled for.
// Arithmetic, comparison and ?: come with the compiler's vector type; only tails need help.
#if defined(__AVX512F__)
constexpr int64_t kLanes = 16;
#elif defined(__AVX2__)
constexpr int64_t kLanes = 8;
#else
constexpr int64_t kLanes = 4;
#endif
typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef int32_t VecInt __attribute__((vector_size(4 * kLanes)));

inline Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }
// Past the caches, to p on a boundary of whole vectors: for more than the caches can hold, because
// what is written need not be read from memory first. After the last one, non_temporal_end() orders
// them before what other threads see.
#if defined(__AVX512F__)
inline void store_non_temporal(float* p, Vec v) { _mm512_stream_ps(p, (__m512)v); }
#elif defined(__AVX2__)
inline void store_non_temporal(float* p, Vec v) { _mm256_stream_ps(p, (__m256)v); }
#elif defined(__SSE2__)
inline void store_non_temporal(float* p, Vec v) { _mm_stream_ps(p, (__m128)v); }
#elif defined(__clang__)
inline void store_non_temporal(float* p, Vec v) { __builtin_nontemporal_store(v, (Vec*)p); }
#else
inline void store_non_temporal(float* p, Vec v) { store(p, v); }
#endif
inline void non_temporal_end() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}
// Keeps the compiler from reading a number again wherever it is used: as an operand in memory it
// would be loaded once for each multiplication.
inline Vec in_register(Vec v) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(v));
#elif defined(__SSE2__)
  __asm__("" : "+x"(v));
#elif defined(__ARM_NEON)
  __asm__("" : "+w"(v));
#endif
  return v;
}
// Minus 0 changes nothing, and costs nothing; plus 0 would turn -0 into 0.
inline Vec splat(float x) { return x - Vec{}; }

// Whether a count is known, where it is compiled, to be a whole vector: no mask then, which
// AVX2 machines take many cycles to store with.
#define FASTCNN_WHOLE(n) (__builtin_constant_p(n) && (n) == kLanes)

// The first n lanes, 0 <= n <= kLanes; zeros beyond. Touches nothing past p + n.
#if defined(__AVX512F__)
inline Vec load_head(const float* p, int64_t n) {
  if (FASTCNN_WHOLE(n)) return load(p);
  return (Vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
inline void store_head(float* p, Vec v, int64_t n) {
  if (FASTCNN_WHOLE(n)) return store(p, v);
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}
#elif defined(__AVX2__)
inline __m256i head_mask(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Vec load_head(const float* p, int64_t n) {
  return FASTCNN_WHOLE(n) ? load(p) : (Vec)_mm256_maskload_ps(p, head_mask(n));
}
inline void store_head(float* p, Vec v, int64_t n) {
  if (FASTCNN_WHOLE(n)) return store(p, v);
  _mm256_maskstore_ps(p, head_mask(n), (__m256)v);
}
#else
inline Vec load_head(const float* p, int64_t n) {
  if (FASTCNN_WHOLE(n)) return load(p);
  Vec v{};
  for (int64_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
inline void store_head(float* p, Vec v, int64_t n) {
  if (FASTCNN_WHOLE(n)) return store(p, v);
  for (int64_t i = 0; i < n; ++i) p[i] = v[i];
}
#endif

// NaN wins over everything, as in NumPy. The machine's maximum is its second operand where either
// is NaN, so only a NaN in the first needs help.
#if defined(__AVX512F__)
inline Vec max(Vec a, Vec b) {
  return (Vec)_mm512_mask_max_ps(a, _mm512_cmp_ps_mask(a, a, _CMP_ORD_Q), a, b);
}
inline Vec min(Vec a, Vec b) {
  return (Vec)_mm512_mask_min_ps(a, _mm512_cmp_ps_mask(a, a, _CMP_ORD_Q), a, b);
}
#elif defined(__AVX2__)
inline Vec max(Vec a, Vec b) { return a == a ? (Vec)_mm256_max_ps(a, b) : a; }
inline Vec min(Vec a, Vec b) { return a == a ? (Vec)_mm256_min_ps(a, b) : a; }
#elif defined(__SSE2__)
inline Vec max(Vec a, Vec b) { return a == a ? (Vec)_mm_max_ps(a, b) : a; }
inline Vec min(Vec a, Vec b) { return a == a ? (Vec)_mm_min_ps(a, b) : a; }
#elif defined(__aarch64__)
// Here the machine's are NaN where either is.
inline Vec max(Vec a, Vec b) { return (Vec)vmaxq_f32((float32x4_t)a, (float32x4_t)b); }
inline Vec min(Vec a, Vec b) { return (Vec)vminq_f32((float32x4_t)a, (float32x4_t)b); }
#else
inline Vec max(Vec a, Vec b) { return (b > a) | (b != b) ? b : a; }
inline Vec min(Vec a, Vec b) { return (b < a) | (b != b) ? b : a; }
#endif

// Lanes that a comparison chose, where more than one use is made of it: AVX-512 keeps them in
// registers of their own, and the compiler would turn each into a vector and back.
#if defined(__AVX512F__)
typedef __mmask16 Mask;
inline Mask all_lanes() { return 0xffff; }
inline Mask equal_in(Mask lanes, Vec a, Vec b) {
  return _mm512_mask_cmp_ps_mask(lanes, a, b, _CMP_EQ_OQ);
}
inline Mask nan_in(Mask lanes, Vec a) { return _mm512_mask_cmp_ps_mask(lanes, a, a, _CMP_UNORD_Q); }
inline Mask both(Mask a, Mask b) { return a | b; }
inline Mask without(Mask a, Mask b) { return _kandn_mask16(b, a); }
inline Vec chosen(Mask lanes, Vec a) { return (Vec)_mm512_maskz_mov_ps(lanes, (__m512)a); }
inline Vec add_chosen(Vec sum, Mask lanes, Vec a) {
  return (Vec)_mm512_mask_add_ps((__m512)sum, lanes, (__m512)sum, (__m512)a);
}
#else
typedef VecInt Mask;
inline Mask all_lanes() { return ~VecInt{}; }
inline Mask equal_in(Mask lanes, Vec a, Vec b) { return lanes & (a == b); }
inline Mask nan_in(Mask lanes, Vec a) { return lanes & (a != a); }
inline Mask both(Mask a, Mask b) { return a | b; }
inline Mask without(Mask a, Mask b) { return a & ~b; }
inline Vec chosen(Mask lanes, Vec a) { return (Vec)(lanes & (VecInt)a); }
inline Vec add_chosen(Vec sum, Mask lanes, Vec a) { return sum + chosen(lanes, a); }
#endif

// x, but at least (or at most) the limit, which is no NaN: one instruction does it with the
// constant in the first place. A NaN in x stays.
#if defined(__AVX512F__)
// Unmasked, g++ 12 warns about a variable of its own header.
inline Vec max_number(Vec limit, Vec x) {
  return (Vec)_mm512_maskz_max_ps((__mmask16)-1, (__m512)limit, (__m512)x);
}
inline Vec min_number(Vec limit, Vec x) {
  return (Vec)_mm512_maskz_min_ps((__mmask16)-1, (__m512)limit, (__m512)x);
}
#elif defined(__AVX2__)
inline Vec max_number(Vec limit, Vec x) { return (Vec)_mm256_max_ps((__m256)limit, (__m256)x); }
inline Vec min_number(Vec limit, Vec x) { return (Vec)_mm256_min_ps((__m256)limit, (__m256)x); }
#elif defined(__SSE2__)
inline Vec max_number(Vec limit, Vec x) { return (Vec)_mm_max_ps((__m128)limit, (__m128)x); }
inline Vec min_number(Vec limit, Vec x) { return (Vec)_mm_min_ps((__m128)limit, (__m128)x); }
#elif defined(__aarch64__)
inline Vec max_number(Vec limit, Vec x) {
  return (Vec)vmaxq_f32((float32x4_t)limit, (float32x4_t)x);
}
inline Vec min_number(Vec limit, Vec x) {
  return (Vec)vminq_f32((float32x4_t)limit, (float32x4_t)x);
}
#else
inline Vec max_number(Vec limit, Vec x) { return limit > x ? limit : x; }
inline Vec min_number(Vec limit, Vec x) { return limit < x ? limit : x; }
#endif
inline Vec clamp(Vec least, Vec most, Vec x) { return min_number(most, max_number(least, x)); }
inline Vec relu(Vec x) { return max_number(Vec{}, x); }
inline Vec relu6(Vec x) { return clamp(Vec{}, splat(6.0f), x); }

// Small numbers kept as bytes. Touches nothing past p + n.
typedef uint8_t VecByte __attribute__((vector_size(kLanes)));
inline VecInt load_bytes(const uint8_t* p, int64_t n) {
  VecByte v{};
  if (n == kLanes)
    __builtin_memcpy(&v, p, sizeof v);
  else
    for (int64_t i = 0; i < n; ++i) v[i] = p[i];
  return __builtin_convertvector(v, VecInt);
}
inline void store_bytes(uint8_t* p, VecInt x, int64_t n) {
  const VecByte v = __builtin_convertvector(x, VecByte);
  if (n == kLanes)
    __builtin_memcpy(p, &v, sizeof v);
  else
    for (int64_t i = 0; i < n; ++i) p[i] = v[i];
}

// Whether any lane of a comparison holds.
inline bool any(VecInt mask) {
#if defined(__AVX512F__)
  return _mm512_movepi32_mask((__m512i)mask) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_ps((__m256)mask) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_ps((__m128)mask) != 0;
#else
  int32_t lanes = 0;
  for (int64_t i = 0; i < kLanes; ++i) lanes |= mask[i];
  return lanes != 0;
#endif
}

// 0, 1, 2 ...
inline VecInt lane_index() {
  VecInt v{};
  for (int32_t i = 0; i < (int32_t)kLanes; ++i) v[i] = i;
  return v;
}
// The first n lanes of `a`, then those of `rest`.
inline Vec head_of(Vec a, Vec rest, int64_t n) { return lane_index() < (int32_t)n ? a : rest; }

// Lane i takes lane i + by, around the end.
inline Vec rotate(Vec v, int32_t by) {
#if defined(__clang__)
  Vec r{};
  for (int32_t i = 0; i < (int32_t)kLanes; ++i) r[i] = v[(i + by) & ((int32_t)kLanes - 1)];
  return r;
#else
  return __builtin_shuffle(v, (lane_index() + by) & ((int32_t)kLanes - 1));
#endif
}
// Lane i takes lane i ^ by, for a power of two: neighbours, or blocks of neighbours, change places.
inline Vec exchange(Vec v, int32_t by) {
#if defined(__clang__)
  Vec r{};
  for (int32_t i = 0; i < (int32_t)kLanes; ++i) r[i] = v[i ^ by];
  return r;
#else
  return __builtin_shuffle(v, lane_index() ^ by);
#endif
}
inline float sum_of_lanes(Vec v) {
  for (int32_t by = (int32_t)kLanes / 2; by > 0; by /= 2) v += rotate(v, by);
  return v[0];
}
inline float max_of_lanes(Vec v) {
  for (int32_t by = (int32_t)kLanes / 2; by > 0; by /= 2) v = max(v, rotate(v, by));
  return v[0];
}

// Calls f(i, n) for each vector of a row of `columns`: n numbers from position i on.
template <class F>
inline void for_row(int64_t columns, F f) {
  int64_t i = 0;
  // Apart, so that whole vectors need no mask.
  for (; i + kLanes <= columns; i += kLanes) f(i, kLanes);
  if (i < columns) f(i, columns - i);
}

// Sums of products of small numbers: lane i of `sum` grows by the products of the numbers that lie
// in lane i of a and b.
#if defined(__AVX512VNNI__)
// Four unsigned bytes of a, four signed ones of b; exact, modulo 2^32.
inline VecInt dot_bytes(VecInt sum, VecInt a, VecInt b) {
  return (VecInt)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}
#endif
#if defined(__AVX512BF16__)
// Two bfloat16 numbers each.
inline Vec dot_halves(Vec sum, VecInt a, VecInt b) {
  return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
#endif
