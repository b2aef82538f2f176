#include "ops/optimizer/update.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/elementwise/table.h"
#include "kernels/optimizer/table.h"
#include "ops/common/operand_checks.h"
#include "ops/optimizer/update_rule.h"

namespace fastcnn {
namespace {

// Several arrays pass through an item, so it has fewer elements than one of a plain operation.
constexpr int64_t kUpdateElements = int64_t{1} << 14;

void check_like(const OperatorSpec& spec, const char* name, const Operand& operand) {
  check_float32(spec.op, name, operand, spec.inputs[0].shape);
}

void check_counts(const OperatorSpec& spec, size_t inputs, size_t outputs) {
  check(spec.inputs.size() == inputs && spec.outputs.size() == outputs, spec.op, ": takes ", inputs,
        " inputs and ", outputs, " outputs");
}

double fraction_from(const OperatorSpec& spec, const char* name) {
  const double fraction = spec.attrs.real(name);
  check(fraction >= 0 && fraction <= 1, spec.op, ": ", name, " must be 0 to 1, got ", fraction);
  return fraction;
}

// Work items of an update, and what one costs.
class UpdateOperator : public Operator {
 public:
  UpdateOperator(const OperatorSpec& spec, double flops, double arrays)
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

class MovingAverage final : public UpdateOperator {
 public:
  MovingAverage(const OperatorSpec& spec, double momentum)
      : UpdateOperator(spec, 3, 3), momentum_(momentum), blend_(kernels().optimizer.blend) {}

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    blend_(split_.size(item), static_cast<float>(momentum_), at.input(0) + begin,
           static_cast<float>(1 - momentum_), at.input(1) + begin, at.output(0) + begin);
  }

 private:
  double momentum_;
  decltype(OptimizerKernels::blend) blend_;
};

// Everything options a rule: see make_update.
struct UpdateOptions {
  bool stepped, scaled, summed, averaged;
  double gradient_factor, limit, decay, rate_factor, average_momentum;
  int64_t every, overwrite_every;

  explicit UpdateOptions(const OperatorSpec& spec)
      : stepped(spec.attrs.boolean("stepped")),
        scaled(spec.attrs.boolean("scaled")),
        summed(spec.attrs.boolean("summed")),
        averaged(spec.attrs.boolean("averaged")),
        gradient_factor(spec.attrs.real("gradient_factor")),
        limit(spec.attrs.real("limit")),
        decay(spec.attrs.real("decay")),
        rate_factor(spec.attrs.real("rate_factor")),
        average_momentum(fraction_from(spec, "average_momentum")),
        every(spec.attrs.integer("every")),
        overwrite_every(spec.attrs.integer("overwrite_every")) {
    check(limit > 0 && decay >= 0 && rate_factor >= 0, spec.op,
          ": limit must be above 0, decay and rate_factor at least 0, got ", limit, ", ", decay,
          " and ", rate_factor);
    check(every >= 1 && overwrite_every >= 0, spec.op,
          ": every must be at least 1 and overwrite_every at least 0, got ", every, " and ",
          overwrite_every);
    check(stepped || (every == 1 && !averaged && !summed), spec.op,
          ": waiting for gradients and averages need the number of the step");
  }
};

class Update final : public UpdateOperator {
 public:
  Update(const OperatorSpec& spec, Rule rule, const UpdateOptions& options)
      : UpdateOperator(
            spec, rule.flops() + 2,
            3 + 2 * (rule.slots() + (options.summed ? 1 : 0) + (options.averaged ? 1 : 0))),
        rule_(std::move(rule)),
        options_(options),
        whole_step_(options.stepped && spec.inputs[3].dtype == DType::i64),
        slot_input_(options.stepped ? 4 : 3),
        update_(kernels().optimizer.update),
        wait_(kernels().optimizer.update_wait) {}

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    const double step = !options_.stepped ? 1
                        : whole_step_     ? static_cast<double>(*at.input<int64_t>(3))
                                          : static_cast<double>(*at.input(3));
    const auto every = static_cast<double>(options_.every);
    // Updates up to this one, also where it only waits: 1 at first.
    const double number = std::floor((step - 1) / every) + 1;
    UpdateBlock block{};
    block.gradient = at.input(1) + begin;
    block.variable = at.input(0) + begin;
    block.new_variable = at.output(0) + begin;
    int in = slot_input_, out = 1;
    for (int k = 0; k < rule_.slots(); ++k) {
      block.slot[k] = at.input(in++) + begin;
      block.new_slot[k] = at.output(out++) + begin;
    }
    double factor = options_.gradient_factor;
    if (options_.scaled) factor *= *at.input(in++);
    if (options_.summed) {
      block.sum = at.input(in++) + begin;
      block.new_sum = at.output(out++) + begin;
    }
    if (options_.averaged) {
      block.average = at.input(in) + begin;
      block.new_average = at.output(out) + begin;
      block.average_factor = number == 1 ? 0 : static_cast<float>(options_.average_momentum);
      const auto often = static_cast<double>(options_.overwrite_every);
      block.overwrite = often > 0 && std::fmod(number, often) == 0;
    }
    if (std::fmod(step, every) != 0) return wait(split_.size(item), block);
    const double rate = *at.input(2) * options_.rate_factor;
    block.decay_factor = static_cast<float>(1 - options_.decay * rate);
    block.factor = static_cast<float>(factor);
    block.limit = static_cast<float>(options_.limit);
    rule_.prepare(rate, number, block);
    update_(rule_.kind(), split_.size(item), block);
  }

 private:
  void wait(int64_t n, const UpdateBlock& block) const noexcept {
    const auto copy = [n](const float* from, float* to) {
      if (to != from) std::memcpy(to, from, 4 * static_cast<size_t>(n));
    };
    for (int k = 0; k < rule_.slots(); ++k) copy(block.slot[k], block.new_slot[k]);
    if (!options_.averaged) copy(block.variable, block.new_variable);
    wait_(n, block);
  }

  Rule rule_;
  UpdateOptions options_;
  bool whole_step_;
  int slot_input_;
  decltype(OptimizerKernels::update) update_;
  decltype(OptimizerKernels::update_wait) wait_;
};

// Phase 0 sums blocks, phase 1 the blocks.
class SumOfSquares final : public Operator {
 public:
  SumOfSquares(int64_t elements, bool has_addend)
      : split_{elements, kItemElements},
        has_addend_(has_addend),
        sum_(kernels().optimizer.sum_squares) {}

  int phases() const override { return 2; }
  int64_t items(int phase) const override { return phase == 0 ? split_.items() : 1; }
  int64_t scratch_bytes() const override { return 4 * split_.items(); }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    return {n * (has_addend_ ? 3 : 2), n * (has_addend_ ? 8 : 4)};
  }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* partial = reinterpret_cast<float*>(at.scratch);
    if (phase == 0) {
      const int64_t begin = split_.begin(item);
      const float* addend = has_addend_ ? at.input(1) + begin : nullptr;
      return sum_(split_.size(item), at.input(0) + begin, addend, partial + item);
    }
    double total = 0;
    for (int64_t i = 0; i < split_.items(); ++i) total += partial[i];
    *at.output(0) = static_cast<float>(total);
  }

 private:
  Split split_;
  bool has_addend_;
  decltype(OptimizerKernels::sum_squares) sum_;
};

class ScaleDiagonal final : public Operator {
 public:
  ScaleDiagonal(int64_t size, float scale, float diagonal)
      : size_(size),
        scale_(scale),
        diagonal_(diagonal),
        rows_(Split::by_elements(size, size)),
        binary_(kernels().elementwise.binary) {}

  int64_t items(int) const override { return rows_.items(); }
  Cost cost() const override {
    const double n = static_cast<double>(size_) * static_cast<double>(size_);
    return {n, 8 * n};
  }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t first = rows_.begin(item), columns = rows_.size(item) * size_;
    float* y = at.output(0) + first * size_;
    binary_(BinaryOp::multiply,
            {1, columns, at.input(0) + first * size_, columns, 1, &scale_, 0, 0, y, false});
    for (int64_t row = 0; row < rows_.size(item); ++row) y[row * size_ + first + row] += diagonal_;
  }

 private:
  int64_t size_;
  float scale_, diagonal_;
  Split rows_;
  decltype(ElementwiseKernels::binary) binary_;
};

}  // namespace

std::unique_ptr<Operator> make_assign_moving_average(const OperatorSpec& spec) {
  check_counts(spec, 2, 1);
  check_like(spec, "variable", spec.inputs[0]);
  check_like(spec, "value", spec.inputs[1]);
  check_like(spec, "new variable", spec.outputs[0]);
  return std::make_unique<MovingAverage>(spec, fraction_from(spec, "momentum"));
}

std::unique_ptr<Operator> make_update(const OperatorSpec& spec) {
  Rule rule(spec);
  const UpdateOptions options(spec);
  const auto slots = static_cast<size_t>(rule.slots());
  const size_t own = (options.summed ? 1U : 0U) + (options.averaged ? 1U : 0U);
  const size_t first = options.stepped ? 4 : 3;
  check_counts(spec, first + slots + (options.scaled ? 1 : 0) + own, 1 + slots + own);
  check(options.stepped || !rule.counts(), spec.op, ": needs the number of the step");
  check_like(spec, "variable", spec.inputs[0]);
  check_like(spec, "gradient", spec.inputs[1]);
  check_float32(spec.op, "learning_rate", spec.inputs[2], 0);
  if (options.stepped) {
    const Operand& step = spec.inputs[3];
    if (step.dtype == DType::i64)
      check_operand(spec.op, "step", step, DType::i64, 0);
    else
      check_float32(spec.op, "step", step, 0);
  }
  for (size_t k = 0; k < slots; ++k) check_like(spec, "state", spec.inputs[first + k]);
  if (options.scaled) check_float32(spec.op, "scale", spec.inputs[first + slots], 0);
  for (size_t k = 0; k < own; ++k)
    check_like(spec, "sum or average", spec.inputs[spec.inputs.size() - 1 - k]);
  for (const Operand& output : spec.outputs) check_like(spec, "output", output);
  return std::make_unique<Update>(spec, std::move(rule), options);
}

std::unique_ptr<Operator> make_sum_of_squares(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 || spec.inputs.size() == 2, spec.op, ": takes x and maybe addend");
  check_counts(spec, spec.inputs.size(), 1);
  for (const Operand& x : spec.inputs) check_like(spec, "x", x);
  check_float32(spec.op, "y", spec.outputs[0], 0);
  return std::make_unique<SumOfSquares>(spec.inputs[0].shape.elements(), spec.inputs.size() == 2);
}

std::unique_ptr<Operator> make_scale_diagonal(const OperatorSpec& spec) {
  check_counts(spec, 1, 1);
  check_float32(spec.op, "x", spec.inputs[0], 2);
  const Shape& shape = spec.inputs[0].shape;
  check(shape[0] == shape[1], spec.op, ": x must be square, got ", shape.text());
  check_like(spec, "y", spec.outputs[0]);
  return std::make_unique<ScaleDiagonal>(shape[0], static_cast<float>(spec.attrs.real("scale")),
                                         static_cast<float>(spec.attrs.real("diagonal")));
}

}  // namespace fastcnn
