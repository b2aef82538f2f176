// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/convolution/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/math.inl"
#include "kernels/simd/epilogue.inl"
#include "kernels/simd/unroll.inl"
#include "kernels/simd/channel_block.inl"
#include "kernels/convolution/depthwise_common.inl"
#include "kernels/convolution/depthwise_sliding.inl"
#include "kernels/convolution/depthwise.inl"
// clang-format on
}  // namespace

extern const DepthwiseKernels depthwise;
constexpr DepthwiseKernels depthwise = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/convolution/depthwise.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
