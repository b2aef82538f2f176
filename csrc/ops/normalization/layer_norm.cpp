#include "ops/normalization/layer_norm.h"

#include <algorithm>

#include "base/check.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/normalization/table.h"
#include "ops/common/operand_checks.h"
#include "ops/normalization/param_grad_sums.h"

namespace fastcnn {
namespace {

struct LayerNormShape {
  int64_t rows, columns;
  float epsilon;
  bool centered;

  Cost cost(double flops, double passes) const {
    const double n = static_cast<double>(rows) * static_cast<double>(columns);
    return {flops * n, passes * 4 * n};
  }
};

// x, gamma and the values that must look like them; the rows are checked against the statistics.
class LayerNormSpec {
 public:
  LayerNormSpec(const OperatorSpec& spec, size_t inputs, size_t gamma) : spec_(spec) {
    check(spec.inputs.size() == inputs && spec.outputs.size() == 3, spec.op, ": takes ", inputs,
          " inputs and 3 outputs");
    const Shape& x = spec.inputs[0].shape;
    const Shape& weights = spec.inputs[gamma].shape;
    check(weights.rank() >= 1 && weights.rank() <= x.rank(), spec.op, ": gamma must have 1 to ",
          x.rank(), " axes, those that x ends with, got shape ", weights.text());
    const int leading = x.rank() - weights.rank();
    const double epsilon = spec.attrs.real("epsilon");
    check(epsilon >= 0, spec.op, ": epsilon must not be negative, got ", epsilon);
    shape_ = {x.elements(0, leading), x.elements(leading, x.rank()), static_cast<float>(epsilon),
              spec.attrs.boolean("centered")};
    like("x", spec.inputs[0], x);
    for (int i = 0; i < weights.rank(); ++i)
      check(weights[i] == x[leading + i], spec.op, ": gamma must have the sizes x ends with, ",
            x.text(), ", got ", weights.text());
    weights_ = weights;
  }

  LayerNormSpec& like_x(const char* name, const Operand& operand) {
    return like(name, operand, spec_.inputs[0].shape);
  }
  LayerNormSpec& weight(const char* name, const Operand& operand) {
    return like(name, operand, weights_);
  }
  LayerNormSpec& statistic(const char* name, const Operand& operand) {
    return like(name, operand, Shape({shape_.rows, 1}));
  }
  const LayerNormShape& shape() const { return shape_; }

 private:
  LayerNormSpec& like(const char* name, const Operand& operand, const Shape& shape) {
    check_float32(spec_.op, name, operand, shape);
    return *this;
  }

  const OperatorSpec& spec_;
  Shape weights_;
  LayerNormShape shape_{};
};

// The thread that has a row goes over it three times; from the second on it is in a cache.
class LayerNormalization final : public Operator {
 public:
  explicit LayerNormalization(const LayerNormShape& shape)
      : shape_(shape),
        rows_(Split::by_elements(shape.columns > 0 ? shape.rows : 0, shape.columns,
                                 kItemElements / 2)),
        normalize_(kernels().normalization.layer_norm) {}

  int64_t items(int) const override { return rows_.items(); }
  Cost cost() const override { return shape_.cost(9, 2); }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t row = rows_.begin(item);
    const int64_t first = row * shape_.columns;
    const float* x = at.input(0);
    float* y = at.output(0);
    const bool non_temporal = shape_.columns * 4 % kAlignment == 0 &&
                              reinterpret_cast<uintptr_t>(y) % kAlignment == 0 &&
                              non_temporal_pays(y, shape_.rows * shape_.columns, x);
    normalize_({rows_.size(item), shape_.columns, x + first, at.input(1), at.input(2),
                shape_.epsilon, shape_.centered, y + first, at.output(1) + row, at.output(2) + row,
                non_temporal});
  }

 private:
  LayerNormShape shape_;
  Split rows_;
  decltype(NormalizationKernels::layer_norm) normalize_;
};

// Blocks of rows give dx and a pair of sums each; the sums are joined.
class LayerNormalizationGrad final : public Operator {
 public:
  explicit LayerNormalizationGrad(const LayerNormShape& shape)
      : shape_(shape),
        rows_(Split::by_elements(shape.columns > 0 ? shape.rows : 0, shape.columns,
                                 kItemElements / 2)),
        sums_(shape.columns),
        gradient_(kernels().normalization.layer_norm_grad) {
    // As a pair is as long as two rows, items are few beside rows.
    const int64_t most = std::clamp<int64_t>(shape.rows / 8, 4, WeightSums::kMost);
    rows_.grain = std::max(rows_.grain, ceil_div(rows_.total, most));
  }

  int phases() const override { return 2; }
  int64_t items(int phase) const override { return phase == 0 ? rows_.items() : sums_.items(); }
  int64_t scratch_bytes() const override { return rows_.items() * pair() * 4; }
  Cost cost() const override { return shape_.cost(14, 3); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* pairs = reinterpret_cast<float*>(at.scratch);
    if (phase == 1)
      return sums_.join(item, rows_.items(), pair(), pairs, at.output(1), at.output(2));
    const int64_t row = rows_.begin(item);
    const int64_t first = row * shape_.columns;
    float* dgamma = pairs + item * pair();
    gradient_({rows_.size(item), shape_.columns, at.input(0) + first, at.input(1) + first,
               at.input(2), at.input(3) + row, at.input(4) + row, shape_.epsilon, shape_.centered,
               at.output(0) + first, dgamma, dgamma + shape_.columns});
  }

 private:
  int64_t pair() const { return 2 * shape_.columns; }

  LayerNormShape shape_;
  Split rows_;
  WeightSums sums_;
  decltype(NormalizationKernels::layer_norm_grad) gradient_;
};

}  // namespace

std::unique_ptr<Operator> make_layer_normalization(const OperatorSpec& spec) {
  LayerNormSpec norm(spec, 3, 1);
  norm.weight("beta", spec.inputs[2])
      .like_x("y", spec.outputs[0])
      .statistic("mean", spec.outputs[1])
      .statistic("variance", spec.outputs[2]);
  return std::make_unique<LayerNormalization>(norm.shape());
}

std::unique_ptr<Operator> make_layer_normalization_grad(const OperatorSpec& spec) {
  LayerNormSpec norm(spec, 5, 2);
  norm.like_x("dy", spec.inputs[1])
      .statistic("mean", spec.inputs[3])
      .statistic("variance", spec.inputs[4])
      .like_x("dx", spec.outputs[0])
      .weight("dgamma", spec.outputs[1])
      .weight("dbeta", spec.outputs[2]);
  return std::make_unique<LayerNormalizationGrad>(norm.shape());
}

}  // namespace fastcnn
