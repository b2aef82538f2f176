#pragma once
#include "ops/geometry.h"

namespace fastcnn {

// The checked sizes of a convolution, shared by the forward step and both gradients.
struct ConvShape {
  int64_t batch, in_channels, out_channels, groups;
  Window2d window;

  int64_t group_in() const { return in_channels / groups; }
  int64_t group_out() const { return out_channels / groups; }
  int64_t taps() const { return window.height.window.size * window.width.window.size; }
};

// Throws std::invalid_argument unless x (batch, h, w, in), kernel and y fit each other and the
// attributes of `spec`.
ConvShape conv_shape(const StepSpec& spec, const Operand& x, const Operand& kernel,
                     const Operand& y);

}  // namespace fastcnn
