// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/roofline/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/roofline/peak.inl"
#include "kernels/roofline/bandwidth.inl"
// clang-format on
}  // namespace

extern const RooflineKernels roofline;
constexpr RooflineKernels roofline = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/roofline/roofline.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
