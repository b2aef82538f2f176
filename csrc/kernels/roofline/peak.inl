// `rounds` times kFmaChains independent multiply-adds: the arithmetic limit of this core, against
// which the other kernels are measured.
void fma_chain(int64_t rounds, float* result) noexcept {
  Vec acc[kFmaChains];
  for (int i = 0; i < kFmaChains; ++i) acc[i] = splat((float)i);
  // Values from memory, so that the compiler cannot fold the chain.
  const Vec factor = splat(result[0]), term = splat(result[1]);
  for (int64_t r = 0; r < rounds; ++r)
    for (int i = 0; i < kFmaChains; ++i) acc[i] = acc[i] * factor + term;
  Vec sum{};
  for (int i = 0; i < kFmaChains; ++i) sum += acc[i];
  for (int64_t i = 0; i < kLanes; ++i) result[i] = sum[i];
}
