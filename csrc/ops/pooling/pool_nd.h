#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Pooling of images x (batch, 1 to 3 axes, channels), float32, to y with the same axes, by every
// convention. Attributes: size, strides and dilation with a number for each axis, padding with two;
// `cells`: the axes are divided into as many cells as y has, cell i of m on n positions being
// floor(i * n / m) to ceil((i + 1) * n / m), and the other attributes mean nothing. Where windows
// are those of pool_2d.h, it is those operators that compute.

// y: the largest pixel of each window; NaN if one is NaN, -inf if there is none.
std::unique_ptr<Operator> make_max_pool(const OperatorSpec& spec);

// y: the sum of each window's pixels inside the image over their number. `counted`: as many
// numbers as axes, the padding after the image up to which positions count too, as do those of the
// padding before it; empty, where only pixels inside do.
std::unique_ptr<Operator> make_average_pool(const OperatorSpec& spec);

// dx from inputs x, y, dy: each window's dy goes to its first pixel, in row-major order, that
// equals the maximum (is NaN, if the maximum is).
std::unique_ptr<Operator> make_max_pool_grad(const OperatorSpec& spec);

// The transpose of max_pool_grad, for gradients of it: from x, y and an image g of the shape of x,
// for each window the pixel of g at the place where max_pool_grad puts dy.
std::unique_ptr<Operator> make_max_pool_select(const OperatorSpec& spec);

// dx from the input dy: the pixels of a window get the same.
std::unique_ptr<Operator> make_average_pool_grad(const OperatorSpec& spec);

}  // namespace fastcnn
