// Normal numbers by inversion: each is made of one number of Philox alone, so it depends on the
// seed and its position only.

// The quantile of the normal distribution of which a sign and 30 bits are given, by Giles'
// approximation of the inverse error function ("Approximating the erfinv function", GPU Computing
// Gems 2, 2010): it errs by 1e-6 of 1 plus its size at most. p, the share of both tails, is
// (bits + 1/2) / 2^30, so the numbers reach as far as +-6.2.
inline Vec normal_quantile(VecInt word) {
  const Vec bits = __builtin_convertvector((word >> 1) & 0x3fffffff, Vec) * 0x1p-30f;
  const Vec p = bits + 0x1p-31f;
  // (1 - y) (1 + y) with y = 1 - p, kept exact for small p.
  const Vec w = -log(p * (2.0f - p));
  const Vec centre = w - 2.5f;
  Vec near = splat(2.81022636e-08f);
  near = near * centre + 3.43273939e-07f;
  near = near * centre - 3.5233877e-06f;
  near = near * centre - 4.39150654e-06f;
  near = near * centre + 0.00021858087f;
  near = near * centre - 0.00125372503f;
  near = near * centre - 0.00417768164f;
  near = near * centre + 0.246640727f;
  near = near * centre + 1.50140941f;
  const Vec tail = sqrt(max(splat(0.0f), w)) - 3.0f;
  Vec far = splat(-0.000200214257f);
  far = far * tail + 0.000100950558f;
  far = far * tail + 0.00134934322f;
  far = far * tail - 0.00367342844f;
  far = far * tail + 0.00573950773f;
  far = far * tail - 0.0076224613f;
  far = far * tail + 0.00943887047f;
  far = far * tail + 1.00167406f;
  far = far * tail + 2.83297682f;
  const Vec size = (w < 5.0f ? near : far) * (1.0f - p) * 1.41421356f;
  return (word & 1) != 0 ? -size : size;
}

void random_normal(int64_t n, uint64_t seed, uint64_t block, float* y) noexcept {
  uint64_t keys[2 * kPhiloxRounds];
  philox_keys(seed, keys);
  VecPair blocks = block_order() + block;
  for (int64_t i = 0; i < n; i += 2 * kLanes, blocks += (uint64_t)kPairs) {
    VecInt numbers[2];
    philox(keys, blocks, numbers);
    for (int64_t v = 0; v < 2; ++v) {
      const int64_t left = n - i - v * kLanes;
      if (left <= 0) break;
      store_head(y + i + v * kLanes, normal_quantile(numbers[v]), left < kLanes ? left : kLanes);
    }
  }
}
