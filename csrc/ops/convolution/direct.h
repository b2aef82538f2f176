#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Convolution of images with 1, 2 or 3 axes; for two:
//
// y[n, i, j, o] = act(bias[o] + sum over r, s, c of
//     x[n, i * stride_h - pad_top + r * dilation_h, j * stride_w - pad_left + s * dilation_w, c]
//     * kernel[r, s, c, o]);  pixels outside x count as zero.
//
// x (batch, height, width, in), kernel (kh, kw, in / groups, out), bias (out,) or absent.
// Attributes: strides and dilation (a number for each axis), padding (before and after, axis by
// axis), groups, activation, algorithm.
std::unique_ptr<Operator> make_conv(const OperatorSpec& spec);

// The same, of two axes, followed by max-pooling with windows of 2 x 2 that do not overlap: y is
// the pooled image; an optional second output, uint8, says which pixel of its window (0 to 3,
// row-major) each number comes from: the first of equals, the first NaN. `output` is the extent of
// the image before pooling. Padding must be 0, activation none or relu.
std::unique_ptr<Operator> make_conv2d_max_pool(const OperatorSpec& spec);

// Gradient with respect to x from inputs dy, kernel; the same attributes but activation.
std::unique_ptr<Operator> make_conv_input_grad(const OperatorSpec& spec);

// The input gradient used forward: x stands for dy, y for dx. x (batch, height, width, in), kernel
// (kh, kw, out / groups, in), bias (out,) or absent; the attributes of make_conv.
std::unique_ptr<Operator> make_conv_transpose(const OperatorSpec& spec);

// Gradient with respect to the kernel from inputs x, dy; the same attributes but activation.
std::unique_ptr<Operator> make_conv_kernel_grad(const OperatorSpec& spec);

}  // namespace fastcnn
