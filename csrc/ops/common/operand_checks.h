#pragma once
#include <string>

#include "engine/operator.h"
#include "kernels/arguments.h"

namespace fastcnn {

// Throws std::invalid_argument unless dtype and rank of an operand are as said; `name` is the
// argument's.
void check_operand(const std::string& op, const char* name, const Operand& operand, DType dtype,
                   int rank);
void check_shape(const std::string& op, const char* name, const Operand& operand,
                 const Shape& expected);

// "none", "relu", "sigmoid" or "tanh".
Activation activation_from(const OperatorSpec& spec);

}  // namespace fastcnn
