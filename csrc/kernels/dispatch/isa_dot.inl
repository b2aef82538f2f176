// Body of every isa_<name>.cpp of an instruction set that adds dot products to another one, whose
// other kernels it shares. What isa.inl says of linkage and headers holds here too.
#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "kernels/dispatch/table_entry.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
#include "kernels/simd/vec.h"
//
#include "kernels/roofline/dot_peak.inl"
}  // namespace

extern const DotKernels table;
constexpr DotKernels table = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/dispatch/dot_kernels.inc"
#undef FASTCNN_KERNEL
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
