// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/loss/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/math.inl"
#include "kernels/simd/map.inl"
#include "kernels/simd/parts.inl"
#include "kernels/simd/probability.inl"
#include "kernels/loss/softmax.inl"
#include "kernels/loss/crossentropy.inl"
// clang-format on
}  // namespace

extern const LossKernels loss;
constexpr LossKernels loss = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/loss/loss.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
