// Compiled once per instruction set: see kernels/dispatch/table.h.
#include "kernels/products/table.h"
#include "kernels/simd/intrinsics.h"

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/math.inl"
#include "kernels/simd/epilogue.inl"
#include "kernels/simd/transpose.inl"
#include "kernels/products/tile_size.inl"
#include "kernels/products/tile.inl"
#include "kernels/products/tile_narrow.inl"
#include "kernels/products/pack.inl"
// clang-format on
}  // namespace

extern const GemmKernels gemm;
constexpr GemmKernels gemm = {
    kLanes, kGemmRows, kGemmVectors, kWideRows, kWideVectors, kNarrowSums,
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/products/gemm.inc"
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
