#pragma once
#include <memory>
#include <string>

#include "engine/step.h"
#include "kernels/arguments.h"
#include "ops/convolution_shape.h"

namespace fastcnn {

// A 3x3 convolution with stride 1 as Winograd's algorithm sees it, in either direction:
//   c[i, j] = sum over r, s of a[i - pad_top + r, j - pad_left + s] * filter[r, s].
struct WinogradShape {
  int64_t images;
  int64_t a_height, a_width, a_channels;
  int64_t c_height, c_width, c_channels;  // before pooling
  int64_t pad_top, pad_left;
  bool input_grad;  // the filter is the kernel turned round, with its channels exchanged
  bool pooled;      // 2 x 2 max-pooling follows
  Activation activation;
};

// The forward convolution or the input gradient of `conv`.
WinogradShape winograd_shape(const ConvShape& conv, bool input_grad);

// Pixels along the side of the tile with which `spec` is to be computed, 2 or 4, or 0 for the
// direct algorithm: what the attribute "algorithm" says, or for "auto" what a cost model expects to
// be fastest. Throws std::invalid_argument for an unknown name, and where the algorithm that is
// asked for cannot compute this convolution.
int64_t winograd_tile(const StepSpec& spec, const ConvShape& conv, const WinogradShape& shape);

// The same for the gradient of the filter.
int64_t winograd_kernel_grad_tile(const StepSpec& spec, const ConvShape& conv);

// Transformed filters of this size still come from a cache.
constexpr int64_t kCachedWinogradBytes = 16 << 20;

// Whether "auto" may choose Winograd for steps made from now on; the environment's
// FASTCNN_WINOGRAD=0 turns it off at the start.
bool winograd_enabled();
void set_winograd(bool enabled);

// Inputs a, kernel and maybe bias; outputs c and maybe argmax, as for the direct step.
std::unique_ptr<Step> make_winograd(const StepSpec& spec, const WinogradShape& shape, int64_t tile,
                                    bool has_bias);

// Inputs x and dy; output dkernel.
std::unique_ptr<Step> make_winograd_kernel_grad(const ConvShape& conv, int64_t tile);

}  // namespace fastcnn
