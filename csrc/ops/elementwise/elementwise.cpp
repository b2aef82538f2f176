#include "ops/elementwise/elementwise.h"

#include <array>
#include <iterator>

#include "base/check.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/elementwise/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

struct UnaryRow {
  const char* name;
  UnaryOp op;
  double flops;  // an element, roughly
};

constexpr UnaryRow kUnary[] = {
    {"relu", UnaryOp::relu, 1},         {"sigmoid", UnaryOp::sigmoid, 25},
    {"tanh", UnaryOp::tanh, 35},        {"exp", UnaryOp::exp, 20},
    {"log", UnaryOp::log, 25},          {"sqrt", UnaryOp::sqrt, 4},
    {"square", UnaryOp::square, 1},     {"negative", UnaryOp::negative, 1},
    {"absolute", UnaryOp::absolute, 1}, {"erf", UnaryOp::erf, 30},
    {"expm1", UnaryOp::expm1, 25},      {"log1p", UnaryOp::log1p, 35},
};

struct BinaryRow {
  const char* name;
  BinaryOp op;
};

constexpr BinaryRow kBinary[] = {
    {"add", BinaryOp::add},
    {"subtract", BinaryOp::subtract},
    {"multiply", BinaryOp::multiply},
    {"divide", BinaryOp::divide},
    {"maximum", BinaryOp::maximum},
    {"minimum", BinaryOp::minimum},
    {"greater", BinaryOp::greater},
    {"equal", BinaryOp::equal},
    {"relu_grad", BinaryOp::relu_grad},
    {"sigmoid_grad", BinaryOp::sigmoid_grad},
    {"tanh_grad", BinaryOp::tanh_grad},
    {"binary_crossentropy", BinaryOp::binary_crossentropy},
    {"binary_crossentropy_logits", BinaryOp::binary_crossentropy_logits},
    {"binary_crossentropy_slope", BinaryOp::binary_crossentropy_slope},
};

template <class Row, size_t n>
const Row& row_named(const Row (&rows)[n], const std::string& name) {
  for (const Row& row : rows)
    if (name == row.name) return row;
  check(false, "unknown elementwise operation '", name, "'");
  return rows[0];
}

class Unary final : public Operator {
 public:
  Unary(const UnaryRow& row, int64_t elements)
      : row_(row),
        // What costs much an element is cut finer.
        split_{elements, row.flops < 10 ? kItemElements : kItemElements / 4},
        unary_(kernels().elementwise.unary) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    return {row_.flops * n, 8 * n};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    unary_(row_.op, split_.size(item), at.input(0) + begin, at.output(0) + begin,
           non_temporal_pays(at.output(0), split_.total, at.input(0)));
  }

 private:
  const UnaryRow& row_;
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
  Binary(const std::string& op, const Shape& a, const Shape& b, const Shape& c)
      : at_(op, a, b, c),
        pieces_{at_[0].size, kItemElements},
        rows_(Split::by_elements(at_.rows(), at_[0].size)),
        elements_(a.elements() + b.elements() + c.elements()) {}

  int64_t items(int) const override { return rows_.items() * pieces_.items(); }
  Cost cost() const override {
    return {static_cast<double>(results()), 4.0 * static_cast<double>(elements_)};
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
  Split pieces_, rows_;
  int64_t elements_;
};

class FloatBinary final : public Binary {
 public:
  FloatBinary(const BinaryRow& row, const Shape& a, const Shape& b, const Shape& c)
      : Binary(row.name, a, b, c), op_(row.op), binary_(kernels().elementwise.binary) {}

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
  IntegerComparison(const BinaryRow& row, const Shape& a, const Shape& b, const Shape& c)
      : Binary(row.name, a, b, c), greater_(row.op == BinaryOp::greater) {}

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

ElementwiseOp elementwise_op(const std::string& name) {
  for (const UnaryRow& row : kUnary)
    if (name == row.name) return {true, row.op, {}, row.flops};
  return {false, {}, row_named(kBinary, name).op, 1};
}

std::unique_ptr<Operator> make_unary(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 && spec.outputs.size() == 1, spec.op, ": takes x and y");
  const Shape& shape = spec.inputs[0].shape;
  check_float32(spec.op, "x", spec.inputs[0]);
  check_float32(spec.op, "y", spec.outputs[0], shape);
  return std::make_unique<Unary>(row_named(kUnary, spec.op), shape.elements());
}

std::unique_ptr<Operator> make_binary(const OperatorSpec& spec) {
  check(spec.inputs.size() == 2 && spec.outputs.size() == 1, spec.op, ": takes a, b and c");
  const BinaryRow& row = row_named(kBinary, spec.op);
  const Operand& a = spec.inputs[0];
  const Operand& b = spec.inputs[1];
  const Operand& c = spec.outputs[0];
  const bool compares = row.op == BinaryOp::greater || row.op == BinaryOp::equal;
  check_float32(spec.op, "c", c);
  if (compares && a.dtype == DType::i64) {
    check_dtype(spec.op, "b", b, DType::i64);
    return std::make_unique<IntegerComparison>(row, a.shape, b.shape, c.shape);
  }
  check_float32(spec.op, "a", a);
  check_float32(spec.op, "b", b);
  return std::make_unique<FloatBinary>(row, a.shape, b.shape, c.shape);
}

}  // namespace fastcnn
