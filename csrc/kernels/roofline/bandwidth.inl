// One pass over n floats, a multiple of kBandwidthBlock, from x or to y or both: the limit that a
// level of memory sets, against which kernels that do little arithmetic are measured. Both start on
// a cache line. Reading, y takes one vector that depends on all of x. Written are ones: zeros go
// three times as fast to the memory of some machines.
inline void compiler_fence() {
  // Keeps the compiler from making one call of memcpy or memset of the loop.
  __asm__ volatile("" ::: "memory");
}

void bandwidth_pass(BandwidthPass kind, int64_t n, const float* x, float* y) noexcept {
  constexpr int64_t kAtOnce = 8;
  constexpr int64_t kStep = kAtOnce * kLanes;
  static_assert(kBandwidthBlock % kStep == 0, "blocks are whole rounds of the loops");
  switch (kind) {
    case BandwidthPass::read: {
      VecInt seen[kAtOnce] = {};
      for (int64_t i = 0; i < n; i += kStep)
        for (int64_t v = 0; v < kAtOnce; ++v) seen[v] |= (VecInt)load(x + i + v * kLanes);
      for (int64_t v = 1; v < kAtOnce; ++v) seen[0] |= seen[v];
      return store(y, (Vec)seen[0]);
    }
    case BandwidthPass::copy:
      for (int64_t i = 0; i < n; i += kStep) {
        for (int64_t v = 0; v < kAtOnce; ++v) store(y + i + v * kLanes, load(x + i + v * kLanes));
        compiler_fence();
      }
      return;
    case BandwidthPass::non_temporal_copy:
      for (int64_t i = 0; i < n; i += kStep)
        for (int64_t v = 0; v < kAtOnce; ++v)
          store_non_temporal(y + i + v * kLanes, load(x + i + v * kLanes));
      return non_temporal_end();
    case BandwidthPass::write:
      for (int64_t i = 0; i < n; i += kStep) {
        for (int64_t v = 0; v < kAtOnce; ++v) store(y + i + v * kLanes, splat(1));
        compiler_fence();
      }
      return;
    case BandwidthPass::non_temporal_write:
      for (int64_t i = 0; i < n; i += kStep)
        for (int64_t v = 0; v < kAtOnce; ++v) store_non_temporal(y + i + v * kLanes, splat(1));
      return non_temporal_end();
  }
}
