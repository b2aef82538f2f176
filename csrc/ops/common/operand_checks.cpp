#include "ops/common/operand_checks.h"

#include "base/check.h"

namespace fastcnn {

void check_operand(const std::string& op, const char* name, const Operand& operand, DType dtype,
                   int rank) {
  check(operand.dtype == dtype, op, ": ", name, " must be ", name_of(dtype), ", got ",
        name_of(operand.dtype));
  check(operand.shape.rank() == rank, op, ": ", name, " must have rank ", rank, ", got shape ",
        operand.shape.text());
}

void check_shape(const std::string& op, const char* name, const Operand& operand,
                 const Shape& expected) {
  check(operand.shape == expected, op, ": ", name, " must have shape ", expected.text(), ", got ",
        operand.shape.text());
}

Activation activation_from(const OperatorSpec& spec) {
  const std::string& name = spec.attrs.text("activation");
  if (name == "none") return Activation::none;
  if (name == "relu") return Activation::relu;
  if (name == "sigmoid") return Activation::sigmoid;
  check(name == "tanh", spec.op, ": activation must be none, relu, sigmoid or tanh, got '", name,
        "'");
  return Activation::tanh;
}

}  // namespace fastcnn
