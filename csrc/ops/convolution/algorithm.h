#pragma once
#include <cstdint>

#include "engine/operator.h"
#include "ops/convolution/shape.h"
#include "ops/convolution/winograd.h"

namespace fastcnn {

// By which algorithm a convolution or one of its gradients is computed: every such choice.

// Whether every channel has a filter of its own: then no algorithm but depthwise.h serves.
bool is_depthwise(const ConvShape& conv);

// Pixels along the side of the tile with which `spec` is to be computed, 2 or 4, or 0 for the
// direct algorithm: what the attribute "algorithm" says, or for "auto" what a cost model expects to
// be fastest. Throws std::invalid_argument for an unknown name, and where the algorithm that is
// asked for cannot compute this convolution.
int64_t winograd_tile(const OperatorSpec& spec, const ConvShape& conv, const WinogradShape& shape);

// The same for the gradient of the filter.
int64_t winograd_kernel_grad_tile(const OperatorSpec& spec, const ConvShape& conv);

// When "auto" may choose Winograd for operators created from now on: never, where it also pays for
// the memory of its transformed filters, which are kept, or wherever it is fastest. The
// environment's FASTCNN_WINOGRAD is one of the three as a number at the start.
enum class WinogradUse : int32_t { never, where_memory_pays, wherever_fastest };
WinogradUse winograd_use();
void set_winograd(WinogradUse use);

// Whether so few columns are summed faster along k, for rows of `depth` contiguous numbers.
bool narrow_n_pays(int64_t columns, int64_t depth);

// Of the filter's gradient: whether it is one product of two matrices, because every pixel meets
// one tap at its own place, and large enough for that ...
bool filter_grad_is_gemm(const ConvShape& conv);
// ... and whether the numbers under a filter row are gathered first, where columns are padded.
bool gathering_pays(const ConvShape& conv);

}  // namespace fastcnn
