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
#include "kernels/simd/sum_rows.inl"
#include "kernels/pooling/pool_windows.inl"
#include "kernels/pooling/pool_sliding.inl"
#include "kernels/pooling/pool_2d.inl"
// clang-format on
}  // namespace

extern const Pool2dKernels pool_2d;
constexpr Pool2dKernels pool_2d = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/pooling/pool_2d.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
