// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/optimizer/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/math.inl"
#include "kernels/simd/channel_block.inl"
#include "kernels/optimizer/update.inl"
// clang-format on
}  // namespace

extern const OptimizerKernels optimizer;
constexpr OptimizerKernels optimizer = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/optimizer/optimizer.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
