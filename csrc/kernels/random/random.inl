// Dropout by Philox4x32-10 (Salmon et al., 2011).

typedef uint64_t VecPair __attribute__((vector_size(4 * kLanes)));
constexpr int64_t kPairs = kLanes / 2;

// Masks of all ones stand where g++ 12 warns of the undefined vector inside the plain intrinsics.

// Of each 64-bit lane: the product of the low halves.
inline VecPair multiply_low(VecPair a, uint32_t b) {
#if defined(__AVX512F__)
  return (VecPair)_mm512_maskz_mul_epu32(0xFF, (__m512i)a, _mm512_set1_epi64(b));
#elif defined(__AVX2__)
  return (VecPair)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#elif defined(__SSE2__)
  return (VecPair)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#else
  return (a & 0xFFFFFFFFu) * (uint64_t)b;
#endif
}

// Lanes 0, 0 of a, b, then lanes 2, 2 and so on; odd_lanes the same from 1.
inline VecPair even_lanes(VecPair a, VecPair b) {
#if defined(__AVX512F__)
  return (VecPair)_mm512_maskz_unpacklo_epi64(0xFF, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (VecPair)_mm256_unpacklo_epi64((__m256i)a, (__m256i)b);
#else
  return VecPair{a[0], b[0]};
#endif
}
inline VecPair odd_lanes(VecPair a, VecPair b) {
#if defined(__AVX512F__)
  return (VecPair)_mm512_maskz_unpackhi_epi64(0xFF, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (VecPair)_mm256_unpackhi_epi64((__m256i)a, (__m256i)b);
#else
  return VecPair{a[1], b[1]};
#endif
}

// Blocks 0 to kPairs - 1, each where the numbers that are made of it come out in order.
inline VecPair block_order() {
  VecPair v{};
  for (int64_t p = 0; p < kPairs; ++p) v[p] = (uint64_t)(p % 2 * (kPairs / 2) + p / 2);
  return v;
}

constexpr int kPhiloxRounds = 10;

// The keys of all rounds, two each.
inline void philox_keys(uint64_t seed, uint64_t* keys) {
  uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    keys[2 * round] = low;
    keys[2 * round + 1] = high;
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
}

// The numbers of kPairs blocks of four in their order: two vectors.
inline void philox(const uint64_t* keys, VecPair blocks, VecInt* numbers) {
  // A pair holds words 0 and 1 (low and high half) or 2 and 3 of a block, so that a round is one
  // widening product, a swap of halves and two exclusive ors for each.
  VecPair first = blocks, second{};
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const VecPair a = multiply_low(first, 0xD2511F53u);
    const VecPair b = multiply_low(second, 0xCD9E8D57u);
    first = ((b >> 32) | (b << 32)) ^ (first >> 32) ^ keys[2 * round];
    second = ((a >> 32) | (a << 32)) ^ (second >> 32) ^ keys[2 * round + 1];
  }
  numbers[0] = (VecInt)even_lanes(first, second);
  numbers[1] = (VecInt)odd_lanes(first, second);
}

void dropout(int64_t n, const DropoutBlock& at) noexcept {
  // Comparison of signed numbers: with the top bit flipped they are in the order of unsigned ones.
  const int32_t flip = INT32_MIN;
  const int32_t last_dropped = (int32_t)at.last_dropped ^ flip;
  const Vec zero = splat(0.0f);
  uint64_t keys[2 * kPhiloxRounds];
  philox_keys(at.seed, keys);
  VecPair blocks = block_order() + at.block;
  for (int64_t i = 0; i < n; i += 2 * kLanes, blocks += (uint64_t)kPairs) {
    VecInt numbers[2];
    philox(keys, blocks, numbers);
    for (int64_t v = 0; v < 2; ++v) {
      const int64_t left = n - i - v * kLanes;
      const float* x = at.x + i + v * kLanes;
      float* y = at.y + i + v * kLanes;
      const auto kept = (numbers[v] ^ flip) > last_dropped;
      if (left >= kLanes)
        store(y, kept ? load(x) * at.scale : zero);
      else if (left > 0)
        store_head(y, kept ? load_head(x, left) * at.scale : zero, left);
    }
  }
}

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
