#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Elementwise operations in a row as one operator: a few vectors at a time stay in registers from
// the first to the last. Attributes: `ops`, their names with a space between; `operands`, two
// numbers for each: input k as k, the result of operation k as -1 - k (a unary operation's second
// is ignored). The last result is the output. An operand has the output's elements, or one, or
// fewer that repeat: the shape of the output's last axes.
std::unique_ptr<Operator> make_fused_elementwise(const OperatorSpec& spec);

}  // namespace fastcnn
