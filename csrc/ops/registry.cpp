#include "ops/registry.h"

#include <map>

#include "base/check.h"

namespace fastcnn {
namespace {

using Make = decltype(OperatorRow::make);

std::map<std::string, Make> all_operators() {
  std::map<std::string, Make> all;
  for (const auto family :
       {convolution_operators, products_operators, pooling_operators, normalization_operators,
        elementwise_operators, reduction_operators, movement_operators, random_operators,
        optimizer_operators, loss_operators})
    for (const OperatorRow& row : family()) all.emplace(row.op, row.make);
  return all;
}

}  // namespace

std::unique_ptr<Operator> create_operator(const OperatorSpec& spec) {
  static const std::map<std::string, Make> operators = all_operators();
  const auto found = operators.find(spec.op);
  check(found != operators.end(), "unknown operation '", spec.op, "'");
  std::unique_ptr<Operator> op = found->second(spec);
  op->inputs = spec.inputs;
  op->outputs = spec.outputs;
  return op;
}

}  // namespace fastcnn
