#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/operator.h"
#include "kernels/elementwise/args.h"

namespace fastcnn {

// A row of kernels/elementwise/elementwise.def.
struct ElementwiseOp {
  const char* name;
  bool is_unary;
  UnaryOp unary;
  BinaryOp binary;
  double flops;  // an element, roughly
  bool fusable;  // may be part of a fused_elementwise operation
};
// Throws std::invalid_argument for a name that is none of them.
const ElementwiseOp& elementwise_op(const std::string& name);
// Names of those that may be fused.
std::vector<std::string> fusable_operators();

// y = f(x), float32, equal shapes, for every unary one.
std::unique_ptr<Operator> make_unary(const OperatorSpec& spec);

// c = f(a, b), float32, with NumPy's broadcasting, for every binary one: greater and equal give 1
// or 0 and also compare int64 with int64.
std::unique_ptr<Operator> make_binary(const OperatorSpec& spec);

}  // namespace fastcnn
