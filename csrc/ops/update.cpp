#include "ops/update.h"

#include <cmath>

#include "base/check.h"
#include "kernels/table.h"
#include "ops/geometry.h"
#include "ops/split.h"

namespace fastcnn {
namespace {

// Several arrays pass through an item, so it has fewer elements than one of a plain operation.
constexpr int64_t kUpdateElements = int64_t{1} << 14;

void check_like(const StepSpec& spec, const char* name, const Operand& operand) {
  check_operand(spec.op, name, operand, DType::f32, spec.inputs[0].shape.rank());
  check_shape(spec.op, name, operand, spec.inputs[0].shape);
}

void check_counts(const StepSpec& spec, size_t inputs, size_t outputs) {
  check(spec.inputs.size() == inputs && spec.outputs.size() == outputs, spec.op, ": takes ", inputs,
        " inputs and ", outputs, " outputs");
}

double share_from(const StepSpec& spec, const char* name) {
  const double share = spec.attrs.real(name);
  check(share >= 0 && share <= 1, spec.op, ": ", name, " must be 0 to 1, got ", share);
  return share;
}

// Work items of an update, and what one costs.
class UpdateStep : public Step {
 public:
  UpdateStep(const StepSpec& spec, double flops, double arrays)
      : split_{spec.inputs[0].shape.elements(), kUpdateElements}, flops_(flops), arrays_(arrays) {}

  int64_t items(int) const final { return split_.items(); }
  Cost cost() const final {
    const auto n = static_cast<double>(split_.total);
    return {flops_ * n, arrays_ * 4 * n};
  }

 protected:
  Split split_;

 private:
  double flops_;
  double arrays_;
};

class MovingAverage final : public UpdateStep {
 public:
  MovingAverage(const StepSpec& spec, double momentum)
      : UpdateStep(spec, 3, 3), momentum_(momentum), blend_(kernels().blend) {}

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    blend_(split_.size(item), static_cast<float>(momentum_), at.input(0) + begin,
           static_cast<float>(1 - momentum_), at.input(1) + begin, at.output(0) + begin);
  }

 private:
  double momentum_;
  decltype(KernelTable::blend) blend_;
};

class Sgd final : public UpdateStep {
 public:
  Sgd(const StepSpec& spec, bool has_velocity, double momentum, bool nesterov)
      : UpdateStep(spec, 4, has_velocity ? 5 : 3),
        has_velocity_(has_velocity),
        momentum_(static_cast<float>(momentum)),
        nesterov_(nesterov),
        update_(kernels().sgd_update) {}

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    SgdBlock block{};
    block.gradient = at.input(1) + begin;
    block.variable = at.input(0) + begin;
    block.new_variable = at.output(0) + begin;
    if (has_velocity_) {
      block.velocity = at.input(3) + begin;
      block.new_velocity = at.output(1) + begin;
    }
    block.learning_rate = *at.input(2);
    block.momentum = momentum_;
    block.nesterov = nesterov_;
    update_(split_.size(item), block);
  }

 private:
  bool has_velocity_;
  float momentum_;
  bool nesterov_;
  decltype(KernelTable::sgd_update) update_;
};

class Adam final : public UpdateStep {
 public:
  Adam(const StepSpec& spec, double beta_1, double beta_2, double epsilon)
      : UpdateStep(spec, 12, 7),
        whole_step_(spec.inputs[5].dtype == DType::i64),
        beta_1_(beta_1),
        beta_2_(beta_2),
        epsilon_(static_cast<float>(epsilon)),
        update_(kernels().adam_update) {}

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const double step = whole_step_ ? static_cast<double>(*at.input<int64_t>(5))
                                    : static_cast<double>(*at.input(5));
    const double correction =
        std::sqrt(1 - std::pow(beta_2_, step)) / (1 - std::pow(beta_1_, step));
    const int64_t begin = split_.begin(item);
    AdamBlock block{};
    block.gradient = at.input(1) + begin;
    block.variable = at.input(0) + begin;
    block.m = at.input(2) + begin;
    block.v = at.input(3) + begin;
    block.new_variable = at.output(0) + begin;
    block.new_m = at.output(1) + begin;
    block.new_v = at.output(2) + begin;
    block.m_share = static_cast<float>(1 - beta_1_);
    block.v_share = static_cast<float>(1 - beta_2_);
    block.rate = static_cast<float>(*at.input(4) * correction);
    block.epsilon = epsilon_;
    update_(split_.size(item), block);
  }

 private:
  bool whole_step_;
  double beta_1_, beta_2_;
  float epsilon_;
  decltype(KernelTable::adam_update) update_;
};

}  // namespace

std::unique_ptr<Step> make_assign_moving_average(const StepSpec& spec) {
  check_counts(spec, 2, 1);
  check_like(spec, "variable", spec.inputs[0]);
  check_like(spec, "value", spec.inputs[1]);
  check_like(spec, "new variable", spec.outputs[0]);
  return std::make_unique<MovingAverage>(spec, share_from(spec, "momentum"));
}

std::unique_ptr<Step> make_sgd_update(const StepSpec& spec) {
  const bool has_velocity = spec.inputs.size() == 4;
  check_counts(spec, has_velocity ? 4 : 3, has_velocity ? 2 : 1);
  check_like(spec, "variable", spec.inputs[0]);
  check_like(spec, "gradient", spec.inputs[1]);
  check_operand(spec.op, "learning_rate", spec.inputs[2], DType::f32, 0);
  check_like(spec, "new variable", spec.outputs[0]);
  if (has_velocity) {
    check_like(spec, "velocity", spec.inputs[3]);
    check_like(spec, "new velocity", spec.outputs[1]);
  }
  return std::make_unique<Sgd>(spec, has_velocity, share_from(spec, "momentum"),
                               spec.attrs.boolean("nesterov"));
}

std::unique_ptr<Step> make_adam_update(const StepSpec& spec) {
  check_counts(spec, 6, 3);
  check_like(spec, "variable", spec.inputs[0]);
  check_like(spec, "gradient", spec.inputs[1]);
  check_like(spec, "m", spec.inputs[2]);
  check_like(spec, "v", spec.inputs[3]);
  check_operand(spec.op, "learning_rate", spec.inputs[4], DType::f32, 0);
  const DType step = spec.inputs[5].dtype == DType::i64 ? DType::i64 : DType::f32;
  check_operand(spec.op, "step", spec.inputs[5], step, 0);
  check_like(spec, "new variable", spec.outputs[0]);
  check_like(spec, "new m", spec.outputs[1]);
  check_like(spec, "new v", spec.outputs[2]);
  return std::make_unique<Adam>(spec, share_from(spec, "beta_1"), share_from(spec, "beta_2"),
                                spec.attrs.real("epsilon"));
}

}  // namespace fastcnn
