#include "ops/elementwise/elementwise.h"

#include <array>
#include <stdexcept>

#include "base/check.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/elementwise/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

constexpr ElementwiseOp kOps[] = {
#define FASTCNN_UNARY(name, flops) {#name, true, UnaryOp::name, {}, flops, true},
#define FASTCNN_BINARY(name, flops, fusable) {#name, false, {}, BinaryOp::name, flops, fusable},
#include "kernels/elementwise/elementwise.def"
};

class Unary final : public Operator {
 public:
  Unary(const ElementwiseOp& op, int64_t elements)
      : op_(op),
        // What costs much an element is cut finer.
        split_{elements, op.flops < 10 ? kItemElements : kItemElements / 4},
        unary_(kernels().elementwise.unary) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    return {op_.flops * n, 8 * n};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    unary_(op_.unary, split_.size(item), at.input(0) + begin, at.output(0) + begin,
           non_temporal_pays(at.output(0), split_.total, at.input(0)));
  }

 private:
  const ElementwiseOp& op_;
  Split split_;
  decltype(ElementwiseKernels::unary) unary_;
};

// Axes of an output and how its two operands move along them: stride 0 where one is repeated.
// Neighbouring axes are merged where all three are contiguous across them.
class Broadcast {
 public:
  struct Axis {
    int64_t size, a, b;
  };

  Broadcast(const std::string& op, const Shape& a, const Shape& b, const Shape& c) {
    check(c.rank() == std::max(a.rank(), b.rank()), op, ": output ", c.text(), " of ", a.text(),
          " and ", b.text(), " has the wrong rank");
    int64_t stride_a = 1, stride_b = 1;
    // From the innermost axis out.
    for (int back = 1; back <= c.rank(); ++back) {
      const int64_t size = c[c.rank() - back];
      const int64_t size_a = back <= a.rank() ? a[a.rank() - back] : 1;
      const int64_t size_b = back <= b.rank() ? b[b.rank() - back] : 1;
      check((size_a == size || size_a == 1) && (size_b == size || size_b == 1) &&
                (size_a == size || size_b == size),
            op, ": ", a.text(), " and ", b.text(), " do not broadcast to ", c.text());
      if (size != 1) push({size, size_a == 1 ? 0 : stride_a, size_b == 1 ? 0 : stride_b});
      stride_a *= size_a;
      stride_b *= size_b;
    }
    if (rank_ == 0) push({1, 1, 1});
    if (rank_ == 1) push({1, 0, 0});
  }

  // Of axes 0 (the innermost) to rank() - 1; at least two.
  const Axis& operator[](int axis) const { return axes_[static_cast<size_t>(axis)]; }
  int rank() const { return rank_; }
  int64_t rows() const {
    int64_t rows = 1;
    for (int i = 1; i < rank_; ++i) rows *= (*this)[i].size;
    return rows;
  }

  // Where row `row` of the output reads its operands.
  void start_of(int64_t row, int64_t* a, int64_t* b) const noexcept {
    *a = *b = 0;
    for (int i = 1; i < rank_; ++i) {
      const Axis& axis = (*this)[i];
      *a += row % axis.size * axis.a;
      *b += row % axis.size * axis.b;
      row /= axis.size;
    }
  }

 private:
  void push(const Axis& outer) {
    if (rank_ > 0) {
      Axis& inner = axes_[static_cast<size_t>(rank_ - 1)];
      if (outer.a == inner.a * inner.size && outer.b == inner.b * inner.size) {
        inner.size *= outer.size;
        return;
      }
    }
    axes_[static_cast<size_t>(rank_++)] = outer;
  }

  int rank_ = 0;
  std::array<Axis, kMaxRank + 2> axes_{};
};

// Cuts the output into rows, and rows that are very long into pieces.
class Binary : public Operator {
 public:
  Binary(const ElementwiseOp& op, const Shape& a, const Shape& b, const Shape& c)
      : at_(op.name, a, b, c),
        flops_(op.flops),
        pieces_{at_[0].size, kItemElements},
        rows_(Split::by_elements(at_.rows(), at_[0].size)),
        elements_(a.elements() + b.elements() + c.elements()) {}

  int64_t items(int) const override { return rows_.items() * pieces_.items(); }
  Cost cost() const override {
    return {flops_ * static_cast<double>(results()), 4.0 * static_cast<double>(elements_)};
  }

 protected:
  // Calls each(rows, columns, a, b, c) with offsets of blocks whose rows lie at strides
  // axes()[1].a and .b, until the item is done.
  template <class F>
  void for_blocks(int64_t item, F each) const noexcept {
    const int64_t first = pieces_.begin(item % pieces_.items());
    const int64_t columns = pieces_.size(item % pieces_.items());
    int64_t row = rows_.begin(item / pieces_.items());
    const int64_t end = rows_.end(item / pieces_.items());
    while (row < end) {
      const int64_t count = std::min(end - row, at_[1].size - row % at_[1].size);
      int64_t a = 0, b = 0;
      at_.start_of(row, &a, &b);
      each(count, columns, a + first * at_[0].a, b + first * at_[0].b, row * at_[0].size + first);
      row += count;
    }
  }
  const Broadcast& axes() const { return at_; }
  int64_t results() const { return at_.rows() * at_[0].size; }

 private:
  Broadcast at_;
  double flops_;
  Split pieces_, rows_;
  int64_t elements_;
};

class FloatBinary final : public Binary {
 public:
  FloatBinary(const ElementwiseOp& op, const Shape& a, const Shape& b, const Shape& c)
      : Binary(op, a, b, c), op_(op.binary), binary_(kernels().elementwise.binary) {}

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const bool non_temporal = non_temporal_pays(at.output(0), results(), at.input(0), at.input(1));
    for_blocks(item, [&](int64_t rows, int64_t columns, int64_t a, int64_t b, int64_t c) {
      binary_(op_, {rows, columns, at.input(0) + a, axes()[1].a, axes()[0].a, at.input(1) + b,
                    axes()[1].b, axes()[0].b, at.output(0) + c, non_temporal});
    });
  }

 private:
  BinaryOp op_;
  decltype(ElementwiseKernels::binary) binary_;
};

class IntegerComparison final : public Binary {
 public:
  IntegerComparison(const ElementwiseOp& op, const Shape& a, const Shape& b, const Shape& c)
      : Binary(op, a, b, c), greater_(op.binary == BinaryOp::greater) {}

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    for_blocks(item, [&](int64_t rows, int64_t columns, int64_t a, int64_t b, int64_t c) {
      for (int64_t r = 0; r < rows; ++r) {
        const auto* p = at.input<int64_t>(0) + a + r * axes()[1].a;
        const auto* q = at.input<int64_t>(1) + b + r * axes()[1].b;
        float* y = at.output(0) + c + r * columns;
        for (int64_t i = 0; i < columns; ++i, p += axes()[0].a, q += axes()[0].b)
          y[i] = (greater_ ? *p > *q : *p == *q) ? 1.0f : 0.0f;
      }
    });
  }

 private:
  bool greater_;
};

}  // namespace

const ElementwiseOp& elementwise_op(const std::string& name) {
  for (const ElementwiseOp& op : kOps)
    if (name == op.name) return op;
  throw std::invalid_argument(concat("unknown elementwise operation '", name, "'"));
}

std::vector<std::string> fusable_operators() {
  std::vector<std::string> names;
  for (const ElementwiseOp& op : kOps)
    if (op.fusable) names.emplace_back(op.name);
  return names;
}

std::unique_ptr<Operator> make_unary(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 && spec.outputs.size() == 1, spec.op, ": takes x and y");
  const Shape& shape = spec.inputs[0].shape;
  check_float32(spec.op, "x", spec.inputs[0]);
  check_float32(spec.op, "y", spec.outputs[0], shape);
  return std::make_unique<Unary>(elementwise_op(spec.op), shape.elements());
}

std::unique_ptr<Operator> make_binary(const OperatorSpec& spec) {
  check(spec.inputs.size() == 2 && spec.outputs.size() == 1, spec.op, ": takes a, b and c");
  const ElementwiseOp& op = elementwise_op(spec.op);
  const Operand& a = spec.inputs[0];
  const Operand& b = spec.inputs[1];
  const Operand& c = spec.outputs[0];
  const bool compares = op.binary == BinaryOp::greater || op.binary == BinaryOp::equal;
  check_float32(spec.op, "c", c);
  if (compares && a.dtype == DType::i64) {
    check_dtype(spec.op, "b", b, DType::i64);
    return std::make_unique<IntegerComparison>(op, a.shape, b.shape, c.shape);
  }
  check_float32(spec.op, "a", a);
  check_float32(spec.op, "b", b);
  return std::make_unique<FloatBinary>(op, a.shape, b.shape, c.shape);
}

}  // namespace fastcnn
