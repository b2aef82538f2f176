#include "ops/common/epilogue.h"

#include <stdexcept>
#include <string>

#include "base/check.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

struct NamedActivation {
  const char* name;
  Activation activation;
};
constexpr NamedActivation kActivations[] = {
    {"none", Activation::none},           {"relu", Activation::relu}, {"relu6", Activation::relu6},
    {"sigmoid", Activation::sigmoid},     {"tanh", Activation::tanh}, {"silu", Activation::silu},
    {"hard_silu", Activation::hard_silu}, {"gelu", Activation::gelu}};

}  // namespace

Activation activation_from(const OperatorSpec& spec) {
  const std::string& name = spec.attrs.text("activation");
  std::string known;
  for (const NamedActivation& each : kActivations) {
    if (name == each.name) return each.activation;
    known += (known.empty() ? "" : ", ") + std::string(each.name);
  }
  throw std::invalid_argument(
      concat(spec.op, ": activation must be one of ", known, ", got '", name, "'"));
}

Epilogue epilogue_from(const OperatorSpec& spec, int64_t channels, const Shape& y) {
  Epilogue epilogue;
  epilogue.activation = activation_from(spec);
  const bool has_residual = spec.attrs.boolean("residual");
  const size_t most = has_residual ? 4 : 3;
  check(spec.inputs.size() + 1 >= most && spec.inputs.size() <= most, spec.op,
        ": takes two operands, maybe a bias, and ", has_residual ? "a" : "no", " residual, got ",
        spec.inputs.size(), " inputs");
  int next = 2;
  if (spec.inputs.size() == most) {
    check_float32(spec.op, "bias", spec.inputs[2], Shape({channels}));
    epilogue.bias = next++;
  }
  if (has_residual) {
    check_float32(spec.op, "residual", spec.inputs[static_cast<size_t>(next)], y);
    epilogue.residual = next;
  }
  return epilogue;
}

}  // namespace fastcnn
