// As fma_chain, for dot products of bytes and of bfloat16 numbers.
void dot_bytes_chain(int64_t rounds, float* result) noexcept {
  VecInt acc[kFmaChains];
  for (int i = 0; i < kFmaChains; ++i) acc[i] = VecInt{} + i;
  const VecInt a = (VecInt)splat(result[0]), b = (VecInt)splat(result[1]);
  for (int64_t r = 0; r < rounds; ++r)
    for (int i = 0; i < kFmaChains; ++i) acc[i] = dot_bytes(acc[i], a, b);
  Vec sum{};  // not of integers: together they may be more than 32 bits hold
  for (int i = 0; i < kFmaChains; ++i) sum += __builtin_convertvector(acc[i], Vec);
  for (int64_t i = 0; i < kLanes; ++i) result[i] = sum[i];
}

void dot_halves_chain(int64_t rounds, float* result) noexcept {
  Vec acc[kFmaChains];
  for (int i = 0; i < kFmaChains; ++i) acc[i] = splat((float)i);
  const VecInt a = (VecInt)splat(result[0]), b = (VecInt)splat(result[1]);
  for (int64_t r = 0; r < rounds; ++r)
    for (int i = 0; i < kFmaChains; ++i) acc[i] = dot_halves(acc[i], a, b);
  Vec sum{};
  for (int i = 0; i < kFmaChains; ++i) sum += acc[i];
  for (int64_t i = 0; i < kLanes; ++i) result[i] = sum[i];
}
