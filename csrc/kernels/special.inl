// Further elementary functions on vectors; NaN stays NaN.

// The error function as x P(x^2) / Q(x^2), a minimax fit of the relative error below 2e-8 up to
// where float32 rounds to 1; with its rounding it errs by 3 units in the last place at most. All
// coefficients are positive, so nothing cancels.
inline Vec erf(Vec x) {
  const Vec end = splat(3.92f), one = splat(1.0f);
  const Vec c = below(end, above(-end, x));
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
  return below(one, above(-one, c * p / q));
}

// e^x - 1 without the cancellation near 0: 2^n (e^r - 1) + (2^n - 1), by the parts of exp. Errs by
// 2 units in the last place at most.
inline Vec expm1(Vec x) {
  const ExpParts e = exp_parts(below(splat(80.0f), above(splat(-80.0f), x)));
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
