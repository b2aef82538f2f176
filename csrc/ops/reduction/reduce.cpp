#include "ops/reduction/reduce.h"

#include "base/check.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/elementwise/table.h"
#include "kernels/reduction/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

// Columns that one item sums: so many rows of a channel block stay in the first-level cache's
// reach.
constexpr int64_t kStrip = 2048;
// More partial sums than this would cost more in the second phase than they gain.
constexpr int64_t kMaxBlocks = 64;

// Phase 0 sums blocks of `reduced`, straight into y when there is one block; else phase 1 sums
// the blocks.
class Sum final : public Operator {
 public:
  Sum(int64_t outer, int64_t reduced, int64_t inner, float scale)
      : outer_(outer), reduced_(reduced), inner_(inner), scale_(scale), kernels_(kernels()) {
    const int64_t wanted = std::min(
        kMaxBlocks,
        std::max<int64_t>(
            1, reduced / std::max<int64_t>(1, kItemElements / std::max<int64_t>(1, inner))));
    strips_ = {inner, kStrip};
    // Enough slabs or channel blocks already make enough items.
    const int64_t blocks = outer >= 16 || strips_.items() >= 16 ? 1 : wanted;
    blocks_ = {reduced, std::max<int64_t>(1, (reduced + blocks - 1) / blocks)};
    partial_ = blocks_.items() > 1;
    slabs_ = {outer, 1};
    if (!partial_ && strips_.items() <= 1) slabs_ = Split::by_elements(outer, reduced * inner);
  }

  int phases() const override { return partial_ ? 2 : 1; }
  int64_t items(int phase) const override {
    if (phase == 1) return outer_ * strips_.items();
    return slabs_.items() * strips_.items() * (partial_ ? blocks_.items() : 1);
  }
  int64_t scratch_bytes() const override {
    return partial_ ? 4 * outer_ * blocks_.items() * inner_ : 0;
  }
  Cost cost() const override {
    const double terms = static_cast<double>(outer_) * static_cast<double>(reduced_ * inner_);
    return {terms, 4 * terms + 4.0 * static_cast<double>(outer_ * inner_)};
  }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    const int64_t strip = item % strips_.items();
    const int64_t first = strips_.begin(strip);
    const int64_t columns = strips_.size(strip);
    item /= strips_.items();
    auto* partial = reinterpret_cast<float*>(at.scratch);
    if (phase == 1) {
      add(blocks_.items(), columns, partial + item * blocks_.items() * inner_ + first,
          at.output(0) + item * inner_ + first, true);
    } else if (partial_) {
      const int64_t block = item % blocks_.items();
      const int64_t o = item / blocks_.items();
      add(blocks_.size(block), columns,
          at.input(0) + (o * reduced_ + blocks_.begin(block)) * inner_ + first,
          partial + (o * blocks_.items() + block) * inner_ + first, false);
    } else if (inner_ == 1 && reduced_ > 0) {
      const int64_t o = slabs_.begin(item);
      float* y = at.output(0) + o;
      kernels_.reduction.sum_columns(slabs_.size(item), reduced_, at.input(0) + o * reduced_, y);
      scale(slabs_.size(item), y);
    } else {
      for (int64_t o = slabs_.begin(item); o < slabs_.end(item); ++o)
        add(reduced_, columns, at.input(0) + o * reduced_ * inner_ + first,
            at.output(0) + o * inner_ + first, true);
    }
  }

 private:
  void add(int64_t rows, int64_t columns, const float* x, float* y, bool last) const noexcept {
    if (inner_ == 1 && rows > 0)
      kernels_.reduction.sum_columns(1, rows, x, y);
    else
      kernels_.reduction.sum_rows(rows, columns, x, inner_, y);
    if (last) scale(columns, y);
  }
  void scale(int64_t n, float* y) const noexcept {
    if (scale_ != 1.0f)
      kernels_.elementwise.binary(BinaryOp::multiply, {1, n, y, n, 1, &scale_, 0, 0, y, false});
  }

  int64_t outer_, reduced_, inner_;
  float scale_;
  Split slabs_, strips_, blocks_;
  bool partial_ = false;
  const KernelTable& kernels_;
};

}  // namespace

std::unique_ptr<Operator> make_sum(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 && spec.outputs.size() == 1, spec.op, ": takes x and y");
  const Operand& x = spec.inputs[0];
  const Operand& y = spec.outputs[0];
  check_float32(spec.op, "x", x);
  check_float32(spec.op, "y", y);
  // As a shape, so that the product of hostile sizes is checked.
  const Shape view(
      {spec.attrs.integer("outer"), spec.attrs.integer("reduced"), spec.attrs.integer("inner")});
  check(view.elements() == x.shape.elements() && view[0] * view[2] == y.shape.elements(), spec.op,
        ": ", view.text(), " summed over the middle does not fit x ", x.shape.text(), " and y ",
        y.shape.text());
  return std::make_unique<Sum>(view[0], view[1], view[2],
                               static_cast<float>(spec.attrs.real("scale")));
}

}  // namespace fastcnn
