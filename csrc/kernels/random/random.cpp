// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/random/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/math.inl"
#include "kernels/random/random.inl"
// clang-format on
}  // namespace

extern const RandomKernels random;
constexpr RandomKernels random = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/random/random.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
