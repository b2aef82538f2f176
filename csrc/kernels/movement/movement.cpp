// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/movement/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/transpose.inl"
#include "kernels/movement/movement.inl"
// clang-format on
}  // namespace

extern const MovementKernels movement;
constexpr MovementKernels movement = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/movement/movement.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
