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
#include "kernels/convolution/winograd.inl"
// clang-format on
}  // namespace

extern const WinogradKernels winograd;
constexpr WinogradKernels winograd = {
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/convolution/winograd.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
