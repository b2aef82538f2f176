// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/normalization/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/math.inl"
#include "kernels/simd/channel_block.inl"
#include "kernels/simd/parts.inl"
#include "kernels/simd/sum_rows.inl"
#include "kernels/normalization/batch_norm.inl"
#include "kernels/normalization/layer_norm.inl"
// clang-format on
}  // namespace

extern const NormalizationKernels normalization;
constexpr NormalizationKernels normalization = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/normalization/normalization.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
