#include "ops/loss/softmax.h"

#include "base/check.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/loss/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

class Softmax final : public Operator {
 public:
  Softmax(const std::string& op, int64_t rows, int64_t columns)
      : rows_(Split::by_elements(columns > 0 ? rows : 0, columns, kItemElements / 4)),
        columns_(columns),
        forward_(op == "softmax" ? kernels().loss.softmax : kernels().loss.log_softmax),
        backward_(op == "softmax_grad" ? kernels().loss.softmax_grad
                                       : kernels().loss.log_softmax_grad),
        is_gradient_(op == "softmax_grad" || op == "log_softmax_grad") {}

  int64_t items(int) const override { return rows_.items(); }
  Cost cost() const override {
    const double n = static_cast<double>(rows_.total) * static_cast<double>(columns_);
    return {25 * n, (is_gradient_ ? 12 : 8) * n};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t first = rows_.begin(item) * columns_;
    if (is_gradient_)
      backward_(rows_.size(item), columns_, at.input(0) + first, at.input(1) + first,
                at.output(0) + first);
    else
      forward_(rows_.size(item), columns_, at.input(0) + first, at.output(0) + first);
  }

 private:
  Split rows_;
  int64_t columns_;
  decltype(LossKernels::softmax) forward_;
  decltype(LossKernels::softmax_grad) backward_;
  bool is_gradient_;
};

}  // namespace

std::unique_ptr<Operator> make_softmax(const OperatorSpec& spec) {
  const bool is_gradient = spec.op == "softmax_grad" || spec.op == "log_softmax_grad";
  check(spec.inputs.size() == (is_gradient ? 2 : 1) && spec.outputs.size() == 1, spec.op,
        ": takes ", is_gradient ? "y, dy and dx" : "x and y");
  const Shape& shape = spec.inputs[0].shape;
  check(shape.rank() >= 1, spec.op, ": needs an axis");
  for (const Operand& operand : spec.inputs) {
    check_float32(spec.op, "input", operand, shape);
  }
  check_float32(spec.op, "output", spec.outputs[0], shape);
  return std::make_unique<Softmax>(spec.op, shape.elements(0, shape.rank() - 1), shape.back());
}

}  // namespace fastcnn
