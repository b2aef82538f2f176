#pragma once
#include "ops/common/operand_checks.h"
#include "ops/common/window.h"

namespace fastcnn {

// The checked sizes of a convolution, shared by the forward operator and both gradients.
struct ConvShape {
  int64_t batch, in_channels, out_channels, groups;
  Window window;

  int64_t group_in() const { return in_channels / groups; }
  int64_t group_out() const { return out_channels / groups; }
  int64_t taps() const { return window.taps(); }
  // Whether it is one of plane images: of a batch of them where no window reaches two planes.
  bool is_flat() const {
    const WindowAxis& d = window.depth;
    return d.in == 1 && d.out == 1 && d.window.size == 1 && d.window.pad_before == 0;
  }
};

// Throws std::invalid_argument unless x (batch, 1 to 3 axes, in), kernel and y fit each other and
// the attributes of `spec`. Planes that no window connects become images of a larger batch.
ConvShape conv_shape(const OperatorSpec& spec, const Operand& x, const Operand& kernel,
                     const Operand& y);

}  // namespace fastcnn
