#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Operations that move elements of any one dtype.

// y holds the bytes of x; shapes may differ.
std::unique_ptr<Operator> make_copy(const OperatorSpec& spec);

// y[i0, i1 ...] = x at the same place, where x is repeated along axes of size 1 and new leading
// axes.
std::unique_ptr<Operator> make_broadcast_to(const OperatorSpec& spec);

// Axis axes[i] of x is axis i of y. Attribute: axes.
std::unique_ptr<Operator> make_transpose(const OperatorSpec& spec);

// y is the part of x that begins at `start`. Attribute: start, one for each axis.
std::unique_ptr<Operator> make_slice(const OperatorSpec& spec);

// The gradient of slice: x lies in y from `start` on, zeros around it. Attribute: start.
std::unique_ptr<Operator> make_slice_grad(const OperatorSpec& spec);

// The inputs one behind the other along an axis. Attribute: axis.
std::unique_ptr<Operator> make_concatenate(const OperatorSpec& spec);

}  // namespace fastcnn
