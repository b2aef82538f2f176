#include "ops/reduction/ranking.h"

#include <algorithm>

#include "base/check.h"
#include "base/dtype_visit.h"
#include "base/integer_view.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/reduction/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

// Index of the largest of `count` elements at a distance.
template <class T>
int64_t largest(int64_t count, int64_t stride, const void* data, int64_t first) {
  const T* x = static_cast<const T*>(data) + first;
  auto best = number(x[0]);
  int64_t index = 0;
  for (int64_t i = 1; i < count && best == best; ++i) {
    const auto v = number(x[i * stride]);
    // Not "v > best", so that a NaN wins; it then ends the loop.
    if (!(v <= best)) {
      best = v;
      index = i;
    }
  }
  return index;
}

class ArgMax final : public Operator {
 public:
  ArgMax(DType dtype, int64_t outer, int64_t count, int64_t inner)
      : split_(Split::by_elements(outer * inner, count)),
        float_(dtype == DType::f32 && count <= kMaxVectorCount),
        kernels_(kernels()),
        count_(count),
        inner_(inner),
        bytes_(size_of(dtype)),
        largest_(visit(
            dtype, [](auto source) -> decltype(largest_) { return &largest<decltype(source)>; })) {
    // Neighbouring columns share cache lines.
    if (inner > 1) split_.grain = std::max(split_.grain, kColumns);
  }

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const double n = static_cast<double>(split_.total) * static_cast<double>(count_);
    return {n, n * static_cast<double>(bytes_)};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    auto* y = at.output<int64_t>(0);
    int64_t i = split_.begin(item);
    const int64_t end = split_.end(item);
    if (float_ && inner_ == 1)
      return kernels_.reduction.argmax_rows(end - i, count_, at.input(0) + i * count_, y + i);
    if (float_)
      while (i < end) {
        const int64_t columns = std::min(end - i, inner_ - i % inner_);
        kernels_.reduction.argmax_columns(count_, columns,
                                          at.input(0) + i / inner_ * count_ * inner_ + i % inner_,
                                          inner_, y + i);
        i += columns;
      }
    for (; i < end; ++i)
      y[i] = largest_(count_, inner_, at.in[0], i / inner_ * count_ * inner_ + i % inner_);
  }

 private:
  // Rows are numbered in 32 bits.
  static constexpr int64_t kMaxVectorCount = INT32_MAX;
  static constexpr int64_t kColumns = 64;
  Split split_;
  bool float_;
  const KernelTable& kernels_;
  int64_t count_, inner_, bytes_;
  int64_t (*largest_)(int64_t count, int64_t stride, const void* data, int64_t first);
};

class InTopK final : public Operator {
 public:
  InTopK(const IntegerView& labels, int64_t rows, int64_t columns, int64_t k)
      : labels_(labels), columns_(columns), k_(k), split_(Split::by_elements(rows, columns)) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const double n = static_cast<double>(split_.total) * static_cast<double>(columns_);
    return {n, 4 * n};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    for (int64_t i = split_.begin(item); i < split_.end(item); ++i)
      at.output(0)[i] = hit(labels_.at(at.in[0], i), at.input(1) + i * columns_) ? 1.0f : 0.0f;
  }

 private:
  bool hit(int64_t label, const float* scores) const noexcept {
    if (label < 0 || label >= columns_) return false;
    const float score = scores[label];
    int64_t above = 0;
    count_above_(columns_, scores, score, &above);
    return score == score && above < k_;
  }

  IntegerView labels_;
  int64_t columns_, k_;
  Split split_;
  decltype(ReductionKernels::count_above) count_above_ = kernels().reduction.count_above;
};

}  // namespace

std::unique_ptr<Operator> make_argmax(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 && spec.outputs.size() == 1, spec.op, ": takes x and y");
  const Operand& x = spec.inputs[0];
  const Operand& y = spec.outputs[0];
  const int64_t axis = spec.attrs.integer("axis");
  check(axis >= 0 && axis < x.shape.rank(), spec.op, ": axis ", axis, " is not one of ",
        x.shape.text());
  const int at = static_cast<int>(axis);
  const int64_t outer = x.shape.elements(0, at);
  const int64_t inner = x.shape.elements(at + 1, x.shape.rank());
  check(y.dtype == DType::i64 && y.shape.elements() == outer * inner, spec.op, ": y must be ",
        outer * inner, " int64, got ", name_of(y.dtype), " ", y.shape.text());
  check(x.shape[at] > 0 || outer * inner == 0, spec.op, ": axis ", axis, " of ", x.shape.text(),
        " is empty");
  return std::make_unique<ArgMax>(x.dtype, outer, x.shape[at], inner);
}

std::unique_ptr<Operator> make_in_top_k(const OperatorSpec& spec) {
  check(spec.inputs.size() == 2 && spec.outputs.size() == 1, spec.op,
        ": takes labels, scores and y");
  const Operand& scores = spec.inputs[1];
  const Operand& y = spec.outputs[0];
  const int rank = scores.shape.rank();
  check(rank >= 1, spec.op, ": scores need an axis of classes");
  check_float32(spec.op, "scores", scores, rank);
  const int64_t rows = scores.shape.elements(0, rank - 1);
  check_float32_count(spec.op, "y", y, rows);
  return std::make_unique<InTopK>(
      IntegerView(spec.op, spec.inputs[0].dtype, spec.inputs[0].shape, rows), rows,
      scores.shape.back(), spec.attrs.integer("k"));
}

}  // namespace fastcnn
