// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/reduction/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/unroll.inl"
#include "kernels/simd/channel_block.inl"
#include "kernels/simd/transpose.inl"
#include "kernels/simd/sum_rows.inl"
#include "kernels/reduction/reduce.inl"
#include "kernels/reduction/ranking.inl"
// clang-format on
}  // namespace

extern const ReductionKernels reduction;
constexpr ReductionKernels reduction = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/reduction/reduction.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
