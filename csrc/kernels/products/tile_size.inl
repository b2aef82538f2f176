// The largest tile of C that the GEMM kernels keep in registers.

#if defined(__AVX512F__)
// 14 x 2 accumulators, 2 vectors of B, 1 broadcast: 31 of 32 registers.
constexpr int kGemmRows = 14;
#elif defined(__AVX2__)
// 6 x 2 accumulators, 2 vectors of B, 1 broadcast: 15 of 16 registers.
constexpr int kGemmRows = 6;
#elif defined(__aarch64__)
// 10 x 2 accumulators, 2 vectors of B, 10 numbers of A that g++ loads ahead: 32 registers.
constexpr int kGemmRows = 10;
#else
// Without FMA the product needs a register of its own: 5 x 2 + 2 + 2.
constexpr int kGemmRows = 5;
#endif
constexpr int kGemmVectors = 2;
// Up to this many rows a wider tile fits, which makes independent sums enough to hide the
// latency of an FMA.
constexpr int kWideVectors = 4;
constexpr int kWideRows = kGemmRows * kGemmVectors / kWideVectors - 1;

static_assert(kGemmRows <= kMostGemmRows && kGemmVectors * kLanes <= kMostGemmColumns);
