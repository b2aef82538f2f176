#pragma once
#include <memory>

#include "engine/step.h"

namespace fastcnn {

// y[n, i, j, o] = act(bias[o] + sum over r, s, c of
//     x[n, i * stride_h - pad_top + r * dilation_h, j * stride_w - pad_left + s * dilation_w, c]
//     * kernel[r, s, c, o]);  pixels outside x count as zero.
//
// x (batch, height, width, in), kernel (kh, kw, in / groups, out), bias (out,) or absent.
// Attributes: strides (2), padding (top, bottom, left, right), dilation (2), groups, activation.
std::unique_ptr<Step> make_conv2d(const StepSpec& spec);

// The same followed by max-pooling with windows of 2 x 2 that do not overlap: y is the pooled
// image; an optional second output, uint8, says which pixel of its window (0 to 3, row-major) each
// number comes from: the first of equals, the first NaN. `output` is the extent of the image before
// pooling. Padding must be 0, activation none or relu.
std::unique_ptr<Step> make_conv2d_max_pool(const StepSpec& spec);

// Gradient with respect to x from inputs dy, kernel; the same attributes but activation.
std::unique_ptr<Step> make_conv2d_input_grad(const StepSpec& spec);

// Gradient with respect to the kernel from inputs x, dy; the same attributes but activation.
std::unique_ptr<Step> make_conv2d_kernel_grad(const StepSpec& spec);

}  // namespace fastcnn
