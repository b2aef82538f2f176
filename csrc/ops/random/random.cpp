#include "ops/random/random.h"

#include <cmath>

#include "base/check.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/random/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

// Ten rounds of multiplications make an element expensive. A multiple of 4, so that items begin
// with a whole block of random numbers.
constexpr int64_t kDropoutElements = int64_t{1} << 13;

// int64 and uint64 of the same bits are the same seed.
void check_integer(const OperatorSpec& spec, const char* name, const Operand& operand) {
  check(operand.dtype == DType::i64 || operand.dtype == DType::u64, spec.op, ": ", name,
        " must be int64 or uint64, got ", name_of(operand.dtype));
  check_operand(spec.op, name, operand, operand.dtype, 0);
}

class Dropout final : public Operator {
 public:
  Dropout(int64_t elements, double rate)
      : split_{elements, kDropoutElements},
        // An integer is at least the threshold where it is above the next integer below that.
        last_dropped_(static_cast<uint32_t>(std::ceil(rate * 0x1p32) - 1)),
        scale_(static_cast<float>(1 / (1 - rate))),
        dropout_(kernels().random.dropout) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    return {20 * n, 8 * n};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    dropout_(split_.size(item), {*at.input<uint64_t>(1), static_cast<uint64_t>(begin) / 4,
                                 last_dropped_, scale_, at.input(0) + begin, at.output(0) + begin});
  }

 private:
  Split split_;
  uint32_t last_dropped_;
  float scale_;
  decltype(RandomKernels::dropout) dropout_;
};

class RandomNormal final : public Operator {
 public:
  explicit RandomNormal(int64_t elements)
      : split_{elements, kDropoutElements}, random_normal_(kernels().random.random_normal) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    return {80 * n, 4 * n};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    random_normal_(split_.size(item), *at.input<uint64_t>(0), static_cast<uint64_t>(begin) / 4,
                   at.output(0) + begin);
  }

 private:
  Split split_;
  decltype(RandomKernels::random_normal) random_normal_;
};

class FoldSeed final : public Operator {
 public:
  explicit FoldSeed(int numbers) : numbers_(numbers) {}
  int64_t items(int) const override { return 1; }
  Cost cost() const override { return {10.0 * numbers_, 8.0 * numbers_}; }
  void run(int, int64_t, const Buffers& at) const noexcept override {
    uint64_t seed = *at.input<uint64_t>(0);
    for (int i = 1; i <= numbers_; ++i) {
      uint64_t z = seed + (*at.input<uint64_t>(i) + 1) * 0x9E3779B97F4A7C15u;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
      seed = (z ^ (z >> 31)) >> 1;
    }
    *at.output<uint64_t>(0) = seed;
  }

 private:
  int numbers_;
};

}  // namespace

std::unique_ptr<Operator> make_dropout(const OperatorSpec& spec) {
  check(spec.inputs.size() == 2 && spec.outputs.size() == 1, spec.op, ": takes x, seed and y");
  check_float32(spec.op, "x", spec.inputs[0]);
  check_integer(spec, "seed", spec.inputs[1]);
  check_float32(spec.op, "y", spec.outputs[0], spec.inputs[0].shape);
  const double rate = spec.attrs.real("rate");
  check(rate > 0 && rate < 1, spec.op, ": rate must be above 0 and below 1, got ", rate);
  return std::make_unique<Dropout>(spec.inputs[0].shape.elements(), rate);
}

std::unique_ptr<Operator> make_random_normal(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 && spec.outputs.size() == 1, spec.op, ": takes seed and y");
  check_integer(spec, "seed", spec.inputs[0]);
  const Shape& shape = spec.outputs[0].shape;
  check_float32(spec.op, "y", spec.outputs[0]);
  return std::make_unique<RandomNormal>(shape.elements());
}

std::unique_ptr<Operator> make_fold_seed(const OperatorSpec& spec) {
  check(spec.inputs.size() >= 2 && spec.outputs.size() == 1, spec.op,
        ": takes a seed, numbers and the new seed");
  for (const Operand& input : spec.inputs) check_integer(spec, "an input", input);
  check_operand(spec.op, "the output", spec.outputs[0], DType::i64, 0);
  return std::make_unique<FoldSeed>(static_cast<int>(spec.inputs.size()) - 1);
}

}  // namespace fastcnn
