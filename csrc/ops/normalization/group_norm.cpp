#include "ops/normalization/group_norm.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/normalization/table.h"
#include "ops/common/operand_checks.h"
#include "ops/normalization/param_grad_sums.h"

namespace fastcnn {
namespace {

// From so many examples on, whole ones are work enough for all threads.
constexpr int64_t kManyExamples = 8;
// Blocks of an example, at most: joining their statistics stays cheap beside reading x.
constexpr int64_t kMostBlocks = 64;

// Each example is `rows` rows of `channels` numbers. Its statistics are made channel by channel,
// joined to those of the groups, and spread over the channels again, so that the kernels of batch
// normalisation do the rest. Small or many examples are work items, in whose caches x stays for the
// second look; large and few ones are cut into blocks of rows.
struct GroupShape {
  int64_t examples, rows, channels, groups;
  double epsilon;
  Split items;   // of whole examples
  Split blocks;  // of rows, where an example is cut
  Split chunks;  // of the rows of a block, the last of which is still in a near cache when it is
                 // seen again, and so comes first

  bool cut() const { return blocks.items() > 1; }
  int64_t each() const { return rows * channels; }
  int64_t elements() const { return examples * each(); }
  int64_t width() const { return groups == 0 ? 0 : channels / groups; }
  // The first number of a block.
  int64_t begin(int64_t example, int64_t block) const {
    return example * each() + blocks.begin(block) * channels;
  }
  // Calls body(first number, rows) for the chunks of a block, reverse_item_order.
  template <class Body>
  void for_chunks(int64_t example, int64_t block, const Body& body) const {
    const int64_t left = blocks.size(block);
    for (int64_t c = ceil_div(left, chunks.grain) - 1; c >= 0; --c)
      body(begin(example, block) + chunks.begin(c) * channels,
           std::min(left - chunks.begin(c), chunks.grain));
  }
  double count() const { return static_cast<double>(rows * width()); }
  bool non_temporal(const float* y, const float* x, const float* dy = nullptr) const {
    return channels * 4 % kAlignment == 0 && reinterpret_cast<uintptr_t>(y) % kAlignment == 0 &&
           non_temporal_pays(y, elements(), x, dy);
  }
  Cost cost(double flops, double passes) const {
    const auto n = static_cast<double>(elements());
    return {flops * n, passes * 4 * n};
  }
};

GroupShape group_shape(const OperatorSpec& spec) {
  const Shape& x = spec.inputs[0].shape;
  check(x.rank() >= 2, spec.op, ": x must have axes of examples and channels, got shape ",
        x.text());
  GroupShape shape{x[0],
                   x.elements(1, x.rank() - 1),
                   x.back(),
                   spec.attrs.integer("groups"),
                   spec.attrs.real("epsilon"),
                   {},
                   {},
                   {}};
  check(shape.groups >= 1 && shape.channels % shape.groups == 0, spec.op,
        ": groups must divide the channels ", shape.channels, ", got ", shape.groups);
  check(shape.epsilon >= 0, spec.op, ": epsilon must not be negative, got ", shape.epsilon);
  const bool nothing = shape.elements() == 0;
  shape.items = Split::by_elements(nothing ? 0 : shape.examples, shape.each(), kItemElements / 2);
  shape.items.grain = std::max(shape.items.grain, ceil_div(shape.items.total, WeightSums::kMost));
  shape.blocks = {shape.rows, std::max<int64_t>(1, shape.rows)};
  if (shape.examples < kManyExamples && shape.each() > kItemElements / 2) {
    shape.blocks = Split::by_elements(shape.rows, shape.channels, kItemElements / 2);
    shape.blocks.grain = std::max(shape.blocks.grain, ceil_div(shape.rows, kMostBlocks));
  }
  shape.chunks = Split::by_elements(shape.blocks.grain, shape.channels, kItemElements / 2);
  return shape;
}

void check_like(const OperatorSpec& spec, const char* name, const Operand& operand,
                const Shape& shape) {
  check_float32(spec.op, name, operand, shape);
}

class GroupNormalization final : public Operator {
 public:
  explicit GroupNormalization(const GroupShape& shape) : shape_(shape), kernels_(kernels()) {}

  int phases() const override { return shape_.cut() ? 3 : 1; }
  int64_t items(int phase) const override {
    if (!shape_.cut()) return shape_.items.items();
    return phase == 1 ? shape_.examples : shape_.examples * shape_.blocks.items();
  }
  bool reverse_item_order(int phase) const override { return phase == 2; }
  int64_t scratch_bytes() const override { return shape_.cut() ? shape_.examples * area() * 4 : 0; }
  int64_t thread_scratch_bytes() const override { return shape_.cut() ? 0 : area() * 4; }
  Cost cost() const override { return shape_.cost(8, shape_.cut() ? 3 : 2); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    if (shape_.cut()) {
      const int64_t blocks = shape_.blocks.items();
      const int64_t example = phase == 1 ? item : item / blocks;
      float* work = reinterpret_cast<float*>(at.scratch) + example * area();
      if (phase == 0) return take_moments(example, item % blocks, work, at);
      if (phase == 1) return join(example, work, at);
      return normalize(example, item % blocks, work, at);
    }
    auto* work = reinterpret_cast<float*>(at.thread_scratch);
    for (int64_t e = shape_.items.begin(item); e < shape_.items.end(item); ++e) {
      take_moments(e, 0, work, at);
      join(e, work, at);
      normalize(e, 0, work, at);
    }
  }

 private:
  // Numbers for an example: center and scale, then of each block a mean and a sum of squares; all
  // for each channel.
  int64_t area() const { return (2 + 2 * shape_.blocks.items()) * shape_.channels; }
  const float* partial(int64_t block, const float* work) const {
    return work + (2 + 2 * block) * shape_.channels;
  }

  void take_moments(int64_t example, int64_t block, float* work, const Buffers& at) const noexcept {
    float* mean = work + (2 + 2 * block) * shape_.channels;
    kernels_.normalization.moments(shape_.blocks.size(block), shape_.channels,
                                   at.input(0) + shape_.begin(example, block), mean,
                                   mean + shape_.channels);
  }

  // Squares about the mean of the group: those about the means of channels and blocks, and those of
  // these means.
  void join(int64_t example, float* work, const Buffers& at) const noexcept {
    float* center = work;
    float* scale = work + shape_.channels;
    for (int64_t g = 0; g < shape_.groups; ++g) {
      const int64_t first = g * shape_.width();
      const int64_t last = first + shape_.width();
      double mean = 0;
      for (int64_t b = 0; b < shape_.blocks.items(); ++b) {
        const float* means = partial(b, work);
        double sum = 0;
        for (int64_t c = first; c < last; ++c) sum += means[c];
        mean += sum * static_cast<double>(shape_.blocks.size(b));
      }
      mean /= shape_.count();
      double squares = 0;
      for (int64_t b = 0; b < shape_.blocks.items(); ++b) {
        const float* means = partial(b, work);
        const float* own = means + shape_.channels;
        double within = 0;
        double between = 0;
        for (int64_t c = first; c < last; ++c) {
          within += own[c];
          between += (means[c] - mean) * (means[c] - mean);
        }
        squares += within + between * static_cast<double>(shape_.blocks.size(b));
      }
      const double variance = squares / shape_.count();
      const double inverse = 1.0 / std::sqrt(variance + shape_.epsilon);
      at.output(1)[example * shape_.groups + g] = static_cast<float>(mean);
      at.output(2)[example * shape_.groups + g] = static_cast<float>(variance);
      for (int64_t c = first; c < last; ++c) {
        center[c] = static_cast<float>(mean);
        scale[c] = static_cast<float>(at.input(1)[c] * inverse);
      }
    }
  }

  void normalize(int64_t example, int64_t block, const float* work,
                 const Buffers& at) const noexcept {
    shape_.for_chunks(example, block, [&](int64_t first, int64_t rows) {
      kernels_.normalization.normalize_rows(
          rows, shape_.channels,
          {at.input(0) + first, work, work + shape_.channels, at.input(2), nullptr, Bounds{},
           at.output(0) + first, shape_.non_temporal(at.output(0), at.input(0))});
    });
  }

  GroupShape shape_;
  const KernelTable& kernels_;
};

// Sums of dy and dy * (x - mean) for each channel say all: those of the groups, weighted with
// gamma, are what dx needs, and those over the examples are dbeta and dgamma.
class GroupNormalizationGrad final : public Operator {
 public:
  explicit GroupNormalizationGrad(const GroupShape& shape)
      : shape_(shape), sums_(shape.channels), kernels_(kernels()) {}

  int phases() const override { return shape_.cut() ? 4 : 2; }
  int64_t items(int phase) const override {
    if (phase == phases() - 1) return sums_.items();
    if (!shape_.cut()) return shape_.items.items();
    return phase == 1 ? shape_.examples : shape_.examples * shape_.blocks.items();
  }
  bool reverse_item_order(int phase) const override { return phase == 2; }
  int64_t scratch_bytes() const override {
    return (shape_.cut() ? shape_.examples : shape_.items.items()) * area() * 4;
  }
  int64_t thread_scratch_bytes() const override { return shape_.channels * 4; }
  Cost cost() const override { return shape_.cost(9, shape_.cut() ? 5 : 3); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* areas = reinterpret_cast<float*>(at.scratch);
    if (phase == phases() - 1) {
      const int64_t count = shape_.cut() ? shape_.examples : shape_.items.items();
      return sums_.join(item, count, area(), areas, at.output(1), at.output(2));
    }
    if (shape_.cut()) {
      const int64_t blocks = shape_.blocks.items();
      const int64_t example = phase == 1 ? item : item / blocks;
      float* work = areas + example * area();
      if (phase == 0) return take_sums(example, item % blocks, work, at);
      if (phase == 1) return join(example, true, work, at);
      return apply(example, item % blocks, work, at);
    }
    float* work = areas + item * area();
    for (int64_t e = shape_.items.begin(item); e < shape_.items.end(item); ++e) {
      take_sums(e, 0, work, at);
      join(e, e == shape_.items.begin(item), work, at);
      apply(e, 0, work, at);
    }
  }

 private:
  // Numbers for an example, or for an item of several: what they add to dgamma and dbeta, center,
  // the scales of dy and x and the shift, then of each block two sums; all for each channel.
  int64_t area() const { return (6 + 2 * shape_.blocks.items()) * shape_.channels; }

  void take_sums(int64_t example, int64_t block, float* work, const Buffers& at) const noexcept {
    auto* center = reinterpret_cast<float*>(at.thread_scratch);
    const float* mean = at.input(3) + example * shape_.groups;
    for (int64_t c = 0; c < shape_.channels; ++c) center[c] = mean[c / shape_.width()];
    float* sum = work + (6 + 2 * block) * shape_.channels;
    const int64_t first = shape_.begin(example, block);
    kernels_.normalization.deviation_sums(
        shape_.blocks.size(block), shape_.channels,
        {at.input(0) + first, at.input(1) + first, center, {}, sum, sum + shape_.channels});
  }

  void join(int64_t example, bool is_first, float* work, const Buffers& at) const noexcept {
    const int64_t channels = shape_.channels;
    float* dgamma = work;
    float* dbeta = work + channels;
    float* center = work + 2 * channels;
    float* dy_scale = work + 3 * channels;
    float* x_scale = work + 4 * channels;
    float* shift = work + 5 * channels;
    for (int64_t g = 0; g < shape_.groups; ++g) {
      const int64_t first = g * shape_.width();
      const int64_t last = first + shape_.width();
      const int64_t place = example * shape_.groups + g;
      const double inverse =
          1.0 / std::sqrt(static_cast<double>(at.input(4)[place]) + shape_.epsilon);
      double plain = 0;
      double weighted = 0;
      for (int64_t c = first; c < last; ++c) {
        double sum = 0;
        double product = 0;
        for (int64_t b = 0; b < shape_.blocks.items(); ++b) {
          const float* sums = work + (6 + 2 * b) * channels;
          sum += sums[c];
          product += sums[channels + c];
        }
        product *= inverse;
        plain += sum * at.input(2)[c];
        weighted += product * at.input(2)[c];
        dgamma[c] = static_cast<float>(product) + (is_first ? 0 : dgamma[c]);
        dbeta[c] = static_cast<float>(sum) + (is_first ? 0 : dbeta[c]);
      }
      const double share = inverse / shape_.count();
      for (int64_t c = first; c < last; ++c) {
        center[c] = at.input(3)[place];
        dy_scale[c] = static_cast<float>(at.input(2)[c] * inverse);
        x_scale[c] = static_cast<float>(-weighted * inverse * share);
        shift[c] = static_cast<float>(-plain * share);
      }
    }
  }

  void apply(int64_t example, int64_t block, const float* work, const Buffers& at) const noexcept {
    const int64_t channels = shape_.channels;
    shape_.for_chunks(example, block, [&](int64_t first, int64_t rows) {
      kernels_.normalization.normalize_grad_rows(
          rows, channels,
          {at.input(0) + first, at.input(1) + first, at.output(0) + first, work + 2 * channels,
           work + 3 * channels, work + 4 * channels, work + 5 * channels,
           shape_.non_temporal(at.output(0), at.input(0), at.input(1))});
    });
  }

  GroupShape shape_;
  WeightSums sums_;
  const KernelTable& kernels_;
};

}  // namespace

std::unique_ptr<Operator> make_group_normalization(const OperatorSpec& spec) {
  check(spec.inputs.size() == 3 && spec.outputs.size() == 3, spec.op,
        ": takes 3 inputs and 3 outputs");
  const GroupShape shape = group_shape(spec);
  const Shape& x = spec.inputs[0].shape;
  const Shape channels({shape.channels});
  const Shape groups({shape.examples, shape.groups});
  check_like(spec, "x", spec.inputs[0], x);
  check_like(spec, "gamma", spec.inputs[1], channels);
  check_like(spec, "beta", spec.inputs[2], channels);
  check_like(spec, "y", spec.outputs[0], x);
  check_like(spec, "mean", spec.outputs[1], groups);
  check_like(spec, "variance", spec.outputs[2], groups);
  return std::make_unique<GroupNormalization>(shape);
}

std::unique_ptr<Operator> make_group_normalization_grad(const OperatorSpec& spec) {
  check(spec.inputs.size() == 5 && spec.outputs.size() == 3, spec.op,
        ": takes 5 inputs and 3 outputs");
  const GroupShape shape = group_shape(spec);
  const Shape& x = spec.inputs[0].shape;
  const Shape channels({shape.channels});
  const Shape groups({shape.examples, shape.groups});
  check_like(spec, "x", spec.inputs[0], x);
  check_like(spec, "dy", spec.inputs[1], x);
  check_like(spec, "gamma", spec.inputs[2], channels);
  check_like(spec, "mean", spec.inputs[3], groups);
  check_like(spec, "variance", spec.inputs[4], groups);
  check_like(spec, "dx", spec.outputs[0], x);
  check_like(spec, "dgamma", spec.outputs[1], channels);
  check_like(spec, "dbeta", spec.outputs[2], channels);
  return std::make_unique<GroupNormalizationGrad>(shape);
}

}  // namespace fastcnn
