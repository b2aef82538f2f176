// Body of every isa_<name>.cpp: the same kernels, compiled with that ISA's flags. All of it
// has internal linkage except the table, so the linker can never swap one ISA's code for
// another's. No standard library header that emits inline functions may be included here.
#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "kernels/table_entry.h"

#define FASTCNN_STR2(x) #x
#define FASTCNN_STR(x) FASTCNN_STR2(x)

namespace fastcnn {
namespace FASTCNN_ISA {
namespace {
#include "kernels/vec.h"
//
#include "kernels/math.inl"
//
#include "kernels/special.inl"
//
#include "kernels/pool_window.inl"
#include "kernels/reduce.inl"
#include "kernels/strip.inl"
//
#include "kernels/batch_norm.inl"
#include "kernels/convert.inl"
#include "kernels/depthwise_fixed.inl"
//
#include "kernels/depthwise.inl"
#include "kernels/elementwise.inl"
//
#include "kernels/chain.inl"
#include "kernels/gemm.inl"
#include "kernels/gemm_few.inl"
#include "kernels/layer_norm.inl"
#include "kernels/movement.inl"
#include "kernels/pack.inl"
#include "kernels/peak.inl"
#include "kernels/pool_box.inl"
#include "kernels/pool_fixed.inl"
//
#include "kernels/pool.inl"
#include "kernels/product.inl"
#include "kernels/random.inl"
//
#include "kernels/random_normal.inl"
//
#include "kernels/ranking.inl"
#include "kernels/resample.inl"
#include "kernels/softmax.inl"
#include "kernels/sweep.inl"
#include "kernels/winograd.inl"
//
#include "kernels/crossentropy.inl"
#include "kernels/update.inl"
}  // namespace

extern const KernelTable table;
constexpr KernelTable table = {
    FASTCNN_STR(FASTCNN_ISA), nullptr,  kLanes, kGemmRows, kGemmVectors, kWideRows, kWideVectors,
    kOneRowVectors,           kFewSums,
#define FASTCNN_KERNEL(name, args) name,
#include "kernels/kernels.inc"
#undef FASTCNN_KERNEL
};
}  // namespace FASTCNN_ISA
}  // namespace fastcnn
