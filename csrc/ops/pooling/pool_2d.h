#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Pooling of images x (batch, height, width, channels), float32, to y (batch, out height, out
// width, channels), or of sequences (batch, length, channels). Attributes: size, strides, padding
// (top, bottom, left, right; of a sequence two) and dilation (1, 1). Only pixels inside the image
// count.

// y: the largest pixel of each window; NaN if one is NaN, -inf if there is none.
std::unique_ptr<Operator> make_max_pool2d(const OperatorSpec& spec);

// y: the mean of each window's pixels; NaN if there is none.
std::unique_ptr<Operator> make_average_pool2d(const OperatorSpec& spec);

// dx from inputs x, y, dy: each window's dy goes to its first pixel, in row-major order, that
// equals the maximum (is NaN, if the maximum is).
std::unique_ptr<Operator> make_max_pool2d_grad(const OperatorSpec& spec);

// dx from the input dy: each window's dy is shared evenly by its pixels.
std::unique_ptr<Operator> make_average_pool2d_grad(const OperatorSpec& spec);

// Gradient of max-pooling with windows of 2 x 2 that do not overlap, from inputs argmax (uint8, as
// conv2d_max_pool writes it) and dy, both of the pooled shape. Pixels outside all windows get
// zeros.
std::unique_ptr<Operator> make_max_pool2d_argmax_grad(const OperatorSpec& spec);

}  // namespace fastcnn
