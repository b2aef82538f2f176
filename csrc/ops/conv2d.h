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

// Gradient with respect to x from inputs dy, kernel; the same attributes but activation.
std::unique_ptr<Step> make_conv2d_input_grad(const StepSpec& spec);

// Gradient with respect to the kernel from inputs x, dy; the same attributes but activation.
std::unique_ptr<Step> make_conv2d_kernel_grad(const StepSpec& spec);

}  // namespace fastcnn
