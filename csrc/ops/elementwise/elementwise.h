#pragma once
#include <memory>

#include "engine/operator.h"
#include "kernels/elementwise/args.h"

namespace fastcnn {

// One of the operations below on float32, as kernels know it.
struct ElementwiseOp {
  bool is_unary;
  UnaryOp unary;
  BinaryOp binary;
  double flops;  // an element, roughly
};
// Throws std::invalid_argument for a name that is none of them.
ElementwiseOp elementwise_op(const std::string& name);

// y = f(x), float32, equal shapes: relu, sigmoid, tanh, exp, log, sqrt, square, negative, absolute.
std::unique_ptr<Operator> make_unary(const OperatorSpec& spec);

// c = f(a, b), float32, with NumPy's broadcasting: add, subtract, multiply, divide, maximum,
// minimum; greater and equal (1 or 0); relu_grad, sigmoid_grad, tanh_grad of (y, dy);
// binary_crossentropy, binary_crossentropy_logits, binary_crossentropy_slope of (truth, score).
// greater and equal also compare int64 with int64.
std::unique_ptr<Operator> make_binary(const OperatorSpec& spec);

}  // namespace fastcnn
