#include "ops/loss/sparsemax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/partition.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

// The largest of a row; NaN if one of them is. In columns, so that compilers see vectors.
float largest(int64_t columns, const float* x) {
  constexpr int64_t kLanes = 16;
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  float best[kLanes];
  bool invalid = false;
  std::fill_n(best, kLanes, kNone);
  int64_t i = 0;
  for (; i + kLanes <= columns; i += kLanes)
    for (int64_t k = 0; k < kLanes; ++k) {
      best[k] = x[i + k] > best[k] ? x[i + k] : best[k];
      invalid |= x[i + k] != x[i + k];
    }
  for (; i < columns; ++i) {
    best[0] = x[i] > best[0] ? x[i] : best[0];
    invalid |= x[i] != x[i];
  }
  return invalid ? std::numeric_limits<float>::quiet_NaN() : *std::max_element(best, best + kLanes);
}

// Moves elements of x that are above top + tau to the front of y, which may be x itself. Returns
// how many there are, and their sum relative to top.
int64_t keep_above(double tau, double top, int64_t count, const float* x, float* y, double* sum) {
  int64_t kept = 0;
  *sum = 0;
  for (int64_t i = 0; i < count; ++i)
    if (const double v = x[i] - top; v > tau) {
      y[kept++] = x[i];
      *sum += v;
    }
  return kept;
}

// tau is the root of sum(max(x - tau, 0)) - 1, which falls along straight pieces that flatten out.
// Newton's method from the left visits ever fewer elements and ends on the piece with the root
// (Michelot 1986). All numbers are relative to the largest, where tau is in [-1, 0): so the
// elements visited lie within 1 of each other, and the slope or the rest halves with each step.
void sparsemax_row(int64_t columns, const float* x, float* y) {
  const double top = largest(columns, x);
  // inf - inf is NaN.
  if (!std::isfinite(top)) {
    std::fill_n(y, columns, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  double sum = 0;
  double tau = -1;
  int64_t count = keep_above(tau, top, columns, x, y, &sum);
  for (int64_t before = columns + 1; count != before;) {
    tau = (sum - 1) / static_cast<double>(count);
    before = count;
    count = keep_above(tau, top, count, y, y, &sum);
  }
  for (int64_t i = 0; i < columns; ++i) y[i] = static_cast<float>(std::max(x[i] - top - tau, 0.0));
}

class Sparsemax final : public Operator {
 public:
  Sparsemax(int64_t rows, int64_t columns)
      : rows_(Split::by_elements(columns > 0 ? rows : 0, columns, kItemElements / 4)),
        columns_(columns) {}

  int64_t items(int) const override { return rows_.items(); }
  Cost cost() const override {
    const double n = static_cast<double>(rows_.total) * static_cast<double>(columns_);
    return {25 * n, 8 * n};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    for (int64_t i = rows_.begin(item); i < rows_.end(item); ++i)
      sparsemax_row(columns_, at.input(0) + i * columns_, at.output(0) + i * columns_);
  }

 private:
  Split rows_;
  int64_t columns_;
};

}  // namespace

std::unique_ptr<Operator> make_sparsemax(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 && spec.outputs.size() == 1, spec.op, ": takes x and y");
  const Shape& shape = spec.inputs[0].shape;
  check(shape.rank() >= 1, spec.op, ": needs an axis");
  check_float32(spec.op, "x", spec.inputs[0]);
  check_float32(spec.op, "y", spec.outputs[0], shape);
  return std::make_unique<Sparsemax>(shape.elements(0, shape.rank() - 1), shape.back());
}

}  // namespace fastcnn
