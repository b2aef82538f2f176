#pragma once
#include <memory>
#include <string>

#include "engine/operator.h"
#include "ops/common/epilogue.h"
#include "ops/convolution/shape.h"

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
};

// The forward convolution or the input gradient of `conv`.
WinogradShape winograd_shape(const ConvShape& conv, bool input_grad);

// Transformed filters of this size still come from a cache.
constexpr int64_t kCachedWinogradBytes = 16 << 20;

// Inputs a, kernel and those of the epilogue; outputs c and maybe argmax, as for the direct
// algorithm.
std::unique_ptr<Operator> make_winograd(const OperatorSpec& spec, const WinogradShape& shape,
                                        int64_t tile, const Epilogue& epilogue);

// Inputs x and dy; output dkernel.
std::unique_ptr<Operator> make_winograd_kernel_grad(const ConvShape& conv, int64_t tile);

}  // namespace fastcnn
