// Body of every isa_<name>.cpp: the same kernels, compiled with that ISA's flags. All of it
// has internal linkage except the table, so the linker can never swap one ISA's code for
// another's. No standard library header that emits inline functions may be included here.
#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "kernels/dispatch/table_entry.h"

#define FASTCNN_STR2(x) #x
#define FASTCNN_STR(x) FASTCNN_STR2(x)

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
// clang-format off: each builds on those before it
#include "kernels/simd/vec.h"
#include "kernels/simd/math.inl"
#include "kernels/simd/unroll.inl"
#include "kernels/simd/channel_block.inl"
#include "kernels/simd/transpose.inl"
#include "kernels/products/max_pool_epilogue.inl"
#include "kernels/reduction/reduce.inl"
#include "kernels/reduction/ranking.inl"
#include "kernels/elementwise/elementwise.inl"
#include "kernels/elementwise/fused.inl"
#include "kernels/products/tile.inl"
#include "kernels/products/tile_narrow.inl"
#include "kernels/products/tile_blocked.inl"
#include "kernels/products/pack.inl"
#include "kernels/convolution/winograd.inl"
#include "kernels/convolution/depthwise_sliding.inl"
#include "kernels/convolution/depthwise.inl"
#include "kernels/pooling/pool_nd.inl"
#include "kernels/pooling/pool_sliding.inl"
#include "kernels/pooling/pool_2d.inl"
#include "kernels/normalization/batch_norm.inl"
#include "kernels/normalization/layer_norm.inl"
#include "kernels/loss/softmax.inl"
#include "kernels/loss/crossentropy.inl"
#include "kernels/movement/movement.inl"
#include "kernels/random/random.inl"
#include "kernels/optimizer/update.inl"
#include "kernels/roofline/peak.inl"
#include "kernels/roofline/bandwidth.inl"
// clang-format on
}  // namespace

extern const KernelTable table;
constexpr KernelTable table = {
    FASTCNN_STR(FASTCNN_ISA), nullptr,     kLanes, kGemmRows, kGemmVectors, kWideRows, kWideVectors,
    kOneRowVectors,           kNarrowSums,
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/dispatch/kernels.inc"
#undef FASTCNN_KERNEL
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
