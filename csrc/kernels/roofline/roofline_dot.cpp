// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/roofline/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/roofline/peak_dot.inl"
// clang-format on
}  // namespace

extern const RooflineDotKernels roofline_dot;
constexpr RooflineDotKernels roofline_dot = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/roofline/roofline_dot.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
