#include "ops/common/operand_checks.h"

#include "base/check.h"
#include "kernels/simd/epilogue.h"

namespace fastcnn {

void check_dtype(const std::string& op, const char* name, const Operand& operand, DType dtype) {
  check(operand.dtype == dtype, op, ": ", name, " must be ", name_of(dtype), ", got ",
        name_of(operand.dtype));
}

void check_shape(const std::string& op, const char* name, const Operand& operand,
                 const Shape& expected) {
  check(operand.shape == expected, op, ": ", name, " must have shape ", expected.text(), ", got ",
        operand.shape.text());
}

void check_operand(const std::string& op, const char* name, const Operand& operand, DType dtype,
                   int rank) {
  check_dtype(op, name, operand, dtype);
  check(operand.shape.rank() == rank, op, ": ", name, " must have rank ", rank, ", got shape ",
        operand.shape.text());
}

bool is_float32(const Operand& operand) { return operand.dtype == DType::f32; }

void check_float32(const std::string& op, const char* name, const Operand& operand) {
  check_dtype(op, name, operand, DType::f32);
}

void check_float32(const std::string& op, const char* name, const Operand& operand, int rank) {
  check_operand(op, name, operand, DType::f32, rank);
}

void check_float32(const std::string& op, const char* name, const Operand& operand,
                   const Shape& expected) {
  check_operand(op, name, operand, DType::f32, expected.rank());
  check_shape(op, name, operand, expected);
}

void check_float32_count(const std::string& op, const char* name, const Operand& operand,
                         int64_t elements) {
  check(is_float32(operand) && operand.shape.elements() == elements, op, ": ", name, " must be ",
        elements, " float32, got ", operand.text());
}

}  // namespace fastcnn
