// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/pooling/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/unroll.inl"
#include "kernels/simd/channel_block.inl"
#include "kernels/pooling/pool_windows.inl"
#include "kernels/pooling/pool_sliding_grad.inl"
// clang-format on
}  // namespace

extern const SlidingPoolKernels sliding_pool;
constexpr SlidingPoolKernels sliding_pool = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/pooling/sliding_pool.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
