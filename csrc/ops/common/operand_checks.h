#pragma once
#include <string>

#include "engine/operator.h"

namespace fastcnn {

// Each throws std::invalid_argument unless an operand is as said; `name` is the argument's.
void check_dtype(const std::string& op, const char* name, const Operand& operand, DType dtype);
void check_shape(const std::string& op, const char* name, const Operand& operand,
                 const Shape& expected);
void check_operand(const std::string& op, const char* name, const Operand& operand, DType dtype,
                   int rank);

// The same for float32, the only dtype that most kernels compute with. An operation that takes
// another one as well says so itself instead of calling these; so every call is an operand whose
// memory is read as floats.
bool is_float32(const Operand& operand);
void check_float32(const std::string& op, const char* name, const Operand& operand);
void check_float32(const std::string& op, const char* name, const Operand& operand, int rank);
void check_float32(const std::string& op, const char* name, const Operand& operand,
                   const Shape& expected);
// `elements` numbers in any shape.
void check_float32_count(const std::string& op, const char* name, const Operand& operand,
                         int64_t elements);

}  // namespace fastcnn
