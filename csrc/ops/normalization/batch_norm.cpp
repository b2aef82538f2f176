#include "ops/normalization/batch_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/check.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/normalization/table.h"
#include "ops/common/epilogue.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

// Sums over rows are made of this many partial sums at most: joining them stays cheap beside
// reading x.
constexpr int64_t kMaxPartials = 64;
// Channels of an item where something is done once a channel.
constexpr int64_t kChannelBlock = 128;

// x as a matrix of pixels and channels.
struct NormShape {
  int64_t rows, channels;
  double epsilon;

  int64_t elements() const { return rows * channels; }
  Split rows_for_elementwise() const { return Split::by_elements(rows, channels); }
  Split rows_for_sums() const {
    Split split = rows_for_elementwise();
    split.grain = std::max(split.grain, (rows + kMaxPartials - 1) / kMaxPartials);
    if (channels == 0) split.total = 0;
    return split;
  }
  Split channel_blocks() const { return {channels, kChannelBlock}; }
  double count() const { return static_cast<double>(rows); }
  // Whether `y`, which is shaped like x, is written with non-temporal stores: whole lines then.
  bool non_temporal(const float* y, const float* x, const float* dy = nullptr) const {
    return channels * 4 % kAlignment == 0 && reinterpret_cast<uintptr_t>(y) % kAlignment == 0 &&
           non_temporal_pays(y, elements(), x, dy);
  }
  Cost cost(double flops, double passes) const {
    const auto n = static_cast<double>(elements());
    return {flops * n, passes * 4 * n};
  }
};

// Checks x, the values that must look like it, and those of one number a channel.
class NormSpec {
 public:
  NormSpec(const OperatorSpec& spec, size_t inputs, size_t outputs) : spec_(spec) {
    check(spec.inputs.size() == inputs && spec.outputs.size() == outputs, spec.op, ": takes ",
          inputs, " inputs and ", outputs, " outputs, got ", spec.inputs.size(), " and ",
          spec.outputs.size());
    const Operand& x = spec.inputs[0];
    check_float32(spec.op, "x", x);
    check(x.shape.rank() >= 1, spec.op, ": x must have a channel axis, got shape ()");
    const double epsilon = spec.attrs.real("epsilon");
    check(epsilon >= 0, spec.op, ": epsilon must not be negative, got ", epsilon);
    shape_ = {x.shape.elements(0, x.shape.rank() - 1), x.shape.back(), epsilon};
  }

  NormSpec& like_x(const char* name, const Operand& operand) {
    check_float32(spec_.op, name, operand, spec_.inputs[0].shape);
    return *this;
  }
  NormSpec& per_channel(const char* name, const Operand& operand) {
    check_float32(spec_.op, name, operand, Shape({shape_.channels}));
    return *this;
  }
  const NormShape& shape() const { return shape_; }

 private:
  const OperatorSpec& spec_;
  NormShape shape_{};
};

// What is done to a normalised number before it is stored: a residual is added, then bounds are
// kept.
struct NormEpilogue {
  int residual = -1;  // the input, or -1
  Bounds bounds;

  const float* residual_of(const Buffers& at) const {
    return residual < 0 ? nullptr : at.input(residual);
  }
};

Bounds bounds_from(const OperatorSpec& spec) {
  Bounds bounds;
  const Activation activation = activation_from(spec);
  check(applied_in_registers(activation), spec.op, ": activation must be none, relu or relu6");
  if (activation != Activation::none) bounds.low = 0;
  if (activation == Activation::relu6) bounds.high = 6;
  return bounds;
}

// Of a gradient: there is a gate where an activation followed the normalisation.
std::optional<Bounds> gate_from(const OperatorSpec& spec) {
  if (activation_from(spec) == Activation::none) return std::nullopt;
  return bounds_from(spec);
}

// Of an operation whose inputs, `before` of them, a residual may follow.
NormEpilogue norm_epilogue_from(const OperatorSpec& spec, int before) {
  NormEpilogue epilogue{-1, bounds_from(spec)};
  if (spec.attrs.boolean("residual")) epilogue.residual = before;
  return epilogue;
}

double inverse_deviation(float variance, double epsilon) {
  return 1.0 / std::sqrt(static_cast<double>(variance) + epsilon);
}

class BatchNormalization final : public Operator {
 public:
  BatchNormalization(const NormShape& shape, const NormEpilogue& epilogue)
      : shape_(shape),
        epilogue_(epilogue),
        split_(shape.rows_for_elementwise()),
        normalize_(kernels().normalization.normalize_rows) {}

  int phases() const override { return 2; }
  int64_t items(int phase) const override {
    if (shape_.elements() == 0) return 0;
    return phase == 0 ? 1 : split_.items();
  }
  int64_t scratch_bytes() const override { return shape_.channels * 4; }
  Cost cost() const override { return shape_.cost(3, 2); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* scale = reinterpret_cast<float*>(at.scratch);
    if (phase == 0) {
      for (int64_t c = 0; c < shape_.channels; ++c)
        scale[c] =
            static_cast<float>(at.input(1)[c] * inverse_deviation(at.input(4)[c], shape_.epsilon));
      return;
    }
    const int64_t begin = split_.begin(item) * shape_.channels;
    const float* residual = epilogue_.residual_of(at);
    normalize_(split_.size(item), shape_.channels,
               {at.input(0) + begin, at.input(3), scale, at.input(2),
                residual == nullptr ? nullptr : residual + begin, epilogue_.bounds,
                at.output(0) + begin, shape_.non_temporal(at.output(0), at.input(0), residual)});
  }

 private:
  NormShape shape_;
  NormEpilogue epilogue_;
  Split split_;
  decltype(NormalizationKernels::normalize_rows) normalize_;
};

// Blocks of rows give moments, the moments are joined, then y is made.
class BatchNormalizationTraining final : public Operator {
 public:
  BatchNormalizationTraining(const NormShape& shape, const NormEpilogue& epilogue)
      : shape_(shape),
        epilogue_(epilogue),
        partials_(shape.rows_for_sums()),
        channels_(shape.channel_blocks()),
        split_(shape.rows_for_elementwise()),
        kernels_(kernels()) {}

  int phases() const override { return 3; }
  int64_t items(int phase) const override {
    if (phase == 0) return partials_.items();
    if (phase == 1) return channels_.items();
    return shape_.elements() == 0 ? 0 : split_.items();
  }
  bool reverse_item_order(int phase) const override { return phase == 2; }
  // A scale, then of each partial a mean and a sum of squares; all a number a channel.
  int64_t scratch_bytes() const override {
    return (1 + 2 * partials_.items()) * shape_.channels * 4;
  }
  Cost cost() const override { return shape_.cost(8, 3); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    if (phase == 0) return take_moments(item, at);
    if (phase == 1) return join(item, at);
    const int64_t begin = split_.begin(item) * shape_.channels;
    const float* residual = epilogue_.residual_of(at);
    kernels_.normalization.normalize_rows(
        split_.size(item), shape_.channels,
        {at.input(0) + begin, at.output(1), reinterpret_cast<const float*>(at.scratch), at.input(2),
         residual == nullptr ? nullptr : residual + begin, epilogue_.bounds, at.output(0) + begin,
         shape_.non_temporal(at.output(0), at.input(0), residual)});
  }

 private:
  float* partial(int64_t item, const Buffers& at) const noexcept {
    return reinterpret_cast<float*>(at.scratch) + (1 + 2 * item) * shape_.channels;
  }

  void take_moments(int64_t item, const Buffers& at) const noexcept {
    float* mean = partial(item, at);
    kernels_.normalization.moments(partials_.size(item), shape_.channels,
                                   at.input(0) + partials_.begin(item) * shape_.channels, mean,
                                   mean + shape_.channels);
  }

  // Squares about the common mean: those about each block's own and those of the blocks' means.
  void join(int64_t block, const Buffers& at) const noexcept {
    const int64_t first = channels_.begin(block);
    const int64_t channels = channels_.size(block);
    std::array<double, kChannelBlock> mean{};
    std::array<double, kChannelBlock> squares{};
    for (int64_t p = 0; p < partials_.items(); ++p) {
      const auto rows = static_cast<double>(partials_.size(p));
      const float* means = partial(p, at) + first;
      for (size_t c = 0; c < static_cast<size_t>(channels); ++c) mean[c] += rows * means[c];
    }
    for (double& value : mean) value /= shape_.count();
    for (int64_t p = 0; p < partials_.items(); ++p) {
      const auto rows = static_cast<double>(partials_.size(p));
      const float* means = partial(p, at) + first;
      const float* own = means + shape_.channels;
      for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
        const double apart = means[c] - mean[c];
        squares[c] += own[c] + rows * apart * apart;
      }
    }
    auto* scale = reinterpret_cast<float*>(at.scratch);
    for (int64_t c = first; c < first + channels; ++c) {
      const auto i = static_cast<size_t>(c - first);
      const double variance = squares[i] / shape_.count();
      at.output(1)[c] = static_cast<float>(mean[i]);
      at.output(2)[c] = static_cast<float>(variance);
      // Of the rounded variance, from which gradients compute the same scale again.
      scale[c] =
          static_cast<float>(at.input(1)[c] * inverse_deviation(at.output(2)[c], shape_.epsilon));
    }
  }

  NormShape shape_;
  NormEpilogue epilogue_;
  Split partials_;
  Split channels_;
  Split split_;
  const KernelTable& kernels_;
};

class BatchNormalizationSums final : public Operator {
 public:
  BatchNormalizationSums(const NormShape& shape, const std::optional<Bounds>& gate)
      : shape_(shape),
        gate_(gate),
        partials_(shape.rows_for_sums()),
        channels_(shape.channel_blocks()),
        sums_(kernels().normalization.deviation_sums) {}

  int phases() const override { return 2; }
  int64_t items(int phase) const override {
    return phase == 0 ? partials_.items() : channels_.items();
  }
  int64_t scratch_bytes() const override { return 2 * partials_.items() * shape_.channels * 4; }
  int64_t thread_scratch_bytes() const override { return gate_ ? shape_.channels * 4 : 0; }
  Cost cost() const override { return shape_.cost(4, 2); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    phase == 0 ? take_sums(item, at) : join(item, at);
  }

 private:
  float* partial(int64_t item, const Buffers& at) const noexcept {
    return reinterpret_cast<float*>(at.scratch) + 2 * item * shape_.channels;
  }

  void take_sums(int64_t item, const Buffers& at) const noexcept {
    const int64_t begin = partials_.begin(item) * shape_.channels;
    float* sum = partial(item, at);
    NormalizeGate gate{};
    if (gate_) {
      auto* scale = reinterpret_cast<float*>(at.thread_scratch);
      for (int64_t c = 0; c < shape_.channels; ++c)
        scale[c] =
            static_cast<float>(at.input(4)[c] * inverse_deviation(at.input(3)[c], shape_.epsilon));
      gate = {scale, at.input(5), *gate_};
    }
    sums_(
        partials_.size(item), shape_.channels,
        {at.input(0) + begin, at.input(1) + begin, at.input(2), gate, sum, sum + shape_.channels});
  }

  void join(int64_t block, const Buffers& at) const noexcept {
    const int64_t first = channels_.begin(block);
    const int64_t channels = channels_.size(block);
    std::array<double, kChannelBlock> sum{};
    std::array<double, kChannelBlock> product{};
    for (int64_t p = 0; p < partials_.items(); ++p) {
      const float* sums = partial(p, at) + first;
      const float* products = sums + shape_.channels;
      for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
        sum[c] += sums[c];
        product[c] += products[c];
      }
    }
    for (int64_t c = first; c < first + channels; ++c) {
      const auto i = static_cast<size_t>(c - first);
      const double inverse = inverse_deviation(at.input(3)[c], shape_.epsilon);
      at.output(0)[c] = static_cast<float>(product[i] * inverse);
      at.output(1)[c] = static_cast<float>(sum[i]);
    }
  }

  NormShape shape_;
  std::optional<Bounds> gate_;  // what the activation after the normalisation let pass
  Split partials_;
  Split channels_;
  decltype(NormalizationKernels::deviation_sums) sums_;
};

class BatchNormalizationInputGrad final : public Operator {
 public:
  BatchNormalizationInputGrad(const NormShape& shape, const std::optional<Bounds>& gate)
      : shape_(shape),
        gate_(gate),
        split_(shape.rows_for_elementwise()),
        normalize_grad_(kernels().normalization.normalize_grad_rows) {}

  int phases() const override { return 2; }
  int64_t items(int phase) const override {
    if (shape_.elements() == 0) return 0;
    return phase == 0 ? 1 : split_.items();
  }
  // After the phase of the sums.
  bool reverse_item_order(int phase) const override { return phase == 1; }
  int64_t scratch_bytes() const override { return 3 * shape_.channels * 4; }
  Cost cost() const override { return shape_.cost(5, 3); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* dy_scale = reinterpret_cast<float*>(at.scratch);
    float* x_scale = dy_scale + shape_.channels;
    float* shift = x_scale + shape_.channels;
    if (phase == 0) {
      for (int64_t c = 0; c < shape_.channels; ++c) {
        const double inverse = inverse_deviation(at.input(4)[c], shape_.epsilon);
        const double scale = at.input(2)[c] * inverse;
        dy_scale[c] = static_cast<float>(scale);
        x_scale[c] = static_cast<float>(-scale * inverse * at.input(5)[c] / shape_.count());
        shift[c] = static_cast<float>(-scale * at.input(6)[c] / shape_.count());
      }
      return;
    }
    const int64_t begin = split_.begin(item) * shape_.channels;
    NormalizeGate gate{};
    if (gate_) gate = {dy_scale, at.input(7), *gate_};
    normalize_grad_(
        split_.size(item), shape_.channels,
        {at.input(0) + begin, at.input(1) + begin, at.output(0) + begin, at.input(3), dy_scale,
         x_scale, shift, shape_.non_temporal(at.output(0), at.input(0), at.input(1)), gate});
  }

 private:
  NormShape shape_;
  std::optional<Bounds> gate_;  // what the activation after the normalisation let pass
  Split split_;
  decltype(NormalizationKernels::normalize_grad_rows) normalize_grad_;
};

}  // namespace

std::unique_ptr<Operator> make_batch_normalization(const OperatorSpec& spec) {
  const NormEpilogue epilogue = norm_epilogue_from(spec, 5);
  NormSpec norm(spec, epilogue.residual < 0 ? 5 : 6, 1);
  norm.per_channel("gamma", spec.inputs[1])
      .per_channel("beta", spec.inputs[2])
      .per_channel("mean", spec.inputs[3])
      .per_channel("variance", spec.inputs[4])
      .like_x("y", spec.outputs[0]);
  if (epilogue.residual >= 0) norm.like_x("residual", spec.inputs[5]);
  return std::make_unique<BatchNormalization>(norm.shape(), epilogue);
}

std::unique_ptr<Operator> make_batch_normalization_training(const OperatorSpec& spec) {
  const NormEpilogue epilogue = norm_epilogue_from(spec, 3);
  NormSpec norm(spec, epilogue.residual < 0 ? 3 : 4, 3);
  norm.per_channel("gamma", spec.inputs[1])
      .per_channel("beta", spec.inputs[2])
      .like_x("y", spec.outputs[0])
      .per_channel("mean", spec.outputs[1])
      .per_channel("variance", spec.outputs[2]);
  if (epilogue.residual >= 0) norm.like_x("residual", spec.inputs[3]);
  return std::make_unique<BatchNormalizationTraining>(norm.shape(), epilogue);
}

std::unique_ptr<Operator> make_batch_normalization_sums(const OperatorSpec& spec) {
  const std::optional<Bounds> gate = gate_from(spec);
  NormSpec norm(spec, gate ? 6 : 4, 2);
  norm.like_x("dy", spec.inputs[1])
      .per_channel("mean", spec.inputs[2])
      .per_channel("variance", spec.inputs[3])
      .per_channel("dgamma", spec.outputs[0])
      .per_channel("dbeta", spec.outputs[1]);
  if (gate) norm.per_channel("gamma", spec.inputs[4]).per_channel("beta", spec.inputs[5]);
  return std::make_unique<BatchNormalizationSums>(norm.shape(), gate);
}

std::unique_ptr<Operator> make_batch_normalization_input_grad(const OperatorSpec& spec) {
  const std::optional<Bounds> gate = gate_from(spec);
  NormSpec norm(spec, gate ? 8 : 7, 1);
  norm.like_x("dy", spec.inputs[1])
      .per_channel("gamma", spec.inputs[2])
      .per_channel("mean", spec.inputs[3])
      .per_channel("variance", spec.inputs[4])
      .per_channel("dgamma", spec.inputs[5])
      .per_channel("dbeta", spec.inputs[6])
      .like_x("dx", spec.outputs[0]);
  if (gate) norm.per_channel("beta", spec.inputs[7]);
  return std::make_unique<BatchNormalizationInputGrad>(norm.shape(), gate);
}

}  // namespace fastcnn
