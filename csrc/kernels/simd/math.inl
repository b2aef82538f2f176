// Elementary functions on vectors, accurate to a few units in the last place.

// The float whose bits these are, and back.
inline Vec as_float(VecInt bits) { return (Vec)bits; }
inline VecInt as_int(Vec x) { return (VecInt)x; }

// e^x by Cody-Waite reduction x = n ln 2 + r, |r| <= ln 2 / 2, and a degree-6 minimax polynomial
// (relative error below 2 ulp).
struct ExpParts {
  Vec less_one;  // e^r - 1
  Vec n;
  VecInt whole;  // n as an integer
};
inline ExpParts exp_parts(Vec x) {
  constexpr float kLog2E = 1.44269504088896341f;
  // ln 2 in two parts: the first has few enough bits that n times it is exact.
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x * kLog2E + kRound;
  const Vec n = shifted - kRound;
  const Vec r = (x - n * kLn2High) - n * kLn2Low;
  Vec p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return {p * r * r + r, n, as_int(shifted) - as_int(splat(kRound))};
}

// e^x. Overflows to infinity, underflows to zero, keeps NaN.
inline Vec exp(Vec x) {
  // NaN passes both limits, and every step below.
  const ExpParts e = exp_parts(clamp(splat(-104.0f), splat(89.0f), x));
  const Vec p = e.less_one + 1.0f;
#if defined(__AVX512F__)
  // Masked because of a warning in g++ 12: its unmasked form starts from an undefined vector.
  return (Vec)_mm512_maskz_scalef_ps((__mmask16)-1, (__m512)p, (__m512)e.n);
#else
  // 2^n in two factors, because n reaches 128 and -150, beyond what one exponent holds.
  const VecInt half = e.whole >> 1;
  const Vec first = as_float((half + 127) << 23);
  const Vec second = as_float((e.whole - half + 127) << 23);
  return p * first * second;
#endif
}

// e^x for x <= 0 or NaN, with fewer instructions: 2^n is one factor, and what is less than the
// smallest normal number counts as 0, which n = -127 gives.
#if defined(__AVX2__)
// The table's element that the last bits of each lane of `index` name.
inline Vec lookup(Vec table, VecInt index) {
#if defined(__AVX512F__)
  return (Vec)_mm512_maskz_permutexvar_ps((__mmask16)-1, (__m512i)index, (__m512)table);
#else
  return (Vec)_mm256_permutevar8x32_ps((__m256)table, (__m256i)index);
#endif
}

// x = m ln 2 / kLanes + r: the factor 2^(m / kLanes) comes from a table of one vector and a shift,
// and e^r of so small an r needs few terms.
inline Vec exp_of_negative(Vec x) {
  constexpr int32_t kShift = kLanes == 16 ? 19 : 20;  // of m, to put m / kLanes in the exponent
  constexpr float kPerStep = 1.44269504088896341f * kLanes;
  constexpr float kStep = 0.69314718055994531f / kLanes;  // ln 2 rounds with an error of 3e-9
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23, as above; its bits are shifted out
  // The bits of 2^(k / kLanes), less those that k itself leaves after the shift.
#if defined(__AVX512F__)
  const VecInt bits = {0x3f800000, 0x3f7daac3, 0x3f7b95c2, 0x3f79c3d3, 0x3f7837f0, 0x3f76f532,
                       0x3f75fed7, 0x3f75583f, 0x3f7504f3, 0x3f7508a4, 0x3f75672a, 0x3f76248c,
                       0x3f7744fd, 0x3f78ccdf, 0x3f7ac0c7, 0x3f7d257d};
#else
  const VecInt bits = {0x3f800000, 0x3f7b95c2, 0x3f7837f0, 0x3f75fed7,
                       0x3f7504f3, 0x3f75672a, 0x3f7744fd, 0x3f7ac0c7};
#endif
  // At the limit m / kLanes is -127.
  x = max_number(splat(-88.0297f), x);
  const Vec shifted = x * kPerStep + kRound;
  const VecInt m = as_int(shifted);
  const Vec r = x - (shifted - kRound) * kStep;
  const Vec scale = as_float(as_int(lookup(as_float(bits), m)) + (m << kShift));
  Vec p = splat(1.0f / 6);
  if constexpr (kLanes < 16) p = p + r * (1.0f / 24);
  p = (p * r + 0.5f) * r + 1.0f;
  return p * r * scale + scale;
}
#else
inline Vec exp_of_negative(Vec x) {
  const ExpParts e = exp_parts(max_number(splat(-88.0f), x));
  const Vec scale = as_float((e.whole + 127) << 23);
  return e.less_one * scale + scale;
}
#endif

// Natural logarithm: x = 2^e * m with m in [sqrt(1/2), sqrt(2)), and Cephes' polynomial for
// log(m) (relative error below 2 ulp). -inf at 0 (denormals count as 0: threads flush them), NaN
// for negative numbers.
inline Vec log(Vec x) {
  constexpr int32_t kSqrtHalf = 0x3f3504f3;  // the bits of sqrt(1/2)
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  // Unsigned, because it wraps around for negative numbers, whose result is replaced below.
  typedef uint32_t VecUnsigned __attribute__((vector_size(sizeof(Vec))));
  const VecInt offset = (VecInt)((VecUnsigned)as_int(x) - (uint32_t)kSqrtHalf);
  const Vec f = as_float((offset & 0x7fffff) + kSqrtHalf) - 1.0f;
  const Vec e = __builtin_convertvector(offset >> 23, Vec);
  const Vec f2 = f * f;
  Vec p = splat(7.0376836292e-2f);
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const Vec tail = p * f * f2 + e * kLn2Low - 0.5f * f2;
  const Vec y = f + tail + e * kLn2High;
  const Vec infinity = splat(__builtin_inff());
  const Vec special = x > 0 ? x : (x == 0 ? -infinity : splat(__builtin_nanf("")));
  return (x > 0) & (x < infinity) ? y : special;
}

// log(1 + x) for x >= 0: the part of x that the rounding of 1 + x loses is put back.
inline Vec log1p_positive(Vec x) {
  const Vec u = 1.0f + x;
  return log(u) + (x - (u - 1.0f)) / u;
}

inline Vec sqrt(Vec x) {
  float a[kLanes];
  store(a, x);
  for (int64_t i = 0; i < kLanes; ++i) a[i] = __builtin_sqrtf(a[i]);
  return load(a);
}

inline Vec sigmoid(Vec x) {
  // e^-|x| never overflows; both branches share it.
  const Vec e = exp(x < 0 ? x : -x);
  const Vec one = splat(1.0f);
  return (x < 0 ? e : one) / (one + e);
}

// tanh as x P(x^2) / Q(x^2): a minimax fit of the relative error, below 2e-8, up to where float32
// rounds to 1. All coefficients are positive, so nothing cancels.
inline Vec tanh(Vec x) {
  const Vec end = splat(9.02f), one = splat(1.0f);
  // NaN passes both.
  const Vec c = clamp(-end, end, x);
  const Vec z = c * c;
  Vec p = splat(1.331885269e-08f);
  p = p * z + 2.058331847e-05f;
  p = p * z + 3.494024510e-03f;
  p = p * z + 1.337970942e-01f;
  p = p * z + 1.0f;
  Vec q = splat(7.761928487e-07f);
  q = q * z + 3.283076512e-04f;
  q = q * z + 2.587103471e-02f;
  q = q * z + 4.671302438e-01f;
  q = q * z + 1.0f;
  // Rounding may lead beyond 1.
  return clamp(-one, one, c * p / q);
}

// The error function as x P(x^2) / Q(x^2), a minimax fit of the relative error below 2e-8 up to
// where float32 rounds to 1; with its rounding it errs by 3 units in the last place at most. All
// coefficients are positive, so nothing cancels.
inline Vec erf(Vec x) {
  const Vec end = splat(3.92f), one = splat(1.0f);
  const Vec c = clamp(-end, end, x);
  const Vec z = c * c;
  Vec p = splat(2.05003169e-06f);
  p = p * z + 2.84874981e-04f;
  p = p * z + 3.76551306e-03f;
  p = p * z + 5.27484010e-02f;
  p = p * z + 1.90404780e-01f;
  p = p * z + 1.12837915f;
  Vec q = splat(3.80907295e-05f);
  q = q * z + 1.16249988e-03f;
  q = q * z + 1.49690190e-02f;
  q = q * z + 1.14108323e-01f;
  q = q * z + 5.02074585e-01f;
  q = q * z + 1.0f;
  // Rounding may lead beyond 1.
  return clamp(-one, one, c * p / q);
}

// Activations that weigh x by a function of x. The weight of minus infinity is 0, which their
// product would not be; where x is finite its bound changes nothing.
inline Vec silu(Vec x) { return max_number(splat(-3.4e38f), x) * sigmoid(x); }
inline Vec hard_silu(Vec x) {
  const Vec weight = clamp(Vec{}, splat(1.0f), x * splat(1.0f / 6) + 0.5f);
  return max_number(splat(-3.0f), x) * weight;
}
// Below -16 the weight is next to nothing, and its rounding error must not be multiplied by more.
inline Vec gelu(Vec x) {
  const Vec weight = 0.5f * erf(x * splat(0.70710678118654752f)) + 0.5f;
  return max_number(splat(-16.0f), x) * weight;
}

// e^x - 1 without the cancellation near 0: 2^n (e^r - 1) + (2^n - 1), by the parts of exp. Errs by
// 2 units in the last place at most.
inline Vec expm1(Vec x) {
  const ExpParts e = exp_parts(clamp(splat(-80.0f), splat(80.0f), x));
  const Vec scale = as_float((e.whole + 127) << 23);
  return x > 80.0f ? exp(x) : e.less_one * scale + (scale - 1.0f);
}

// log(1 + x): the part of x that the rounding of 1 + x loses is put back. -inf at -1, NaN below.
// Errs by 3 units in the last place at most.
inline Vec log1p(Vec x) {
  const Vec u = 1.0f + x;
  const Vec plain = log(u);
  const Vec infinity = splat(__builtin_inff());
  return (u > 0) & (u < infinity) ? plain + (x - (u - 1.0f)) / u : plain;
}
