// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/elementwise/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/math.inl"
#include "kernels/simd/map.inl"
#include "kernels/simd/probability.inl"
#include "kernels/elementwise/elementwise.inl"
#include "kernels/elementwise/fused.inl"
// clang-format on
}  // namespace

extern const ElementwiseKernels elementwise;
constexpr ElementwiseKernels elementwise = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/elementwise/elementwise.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
