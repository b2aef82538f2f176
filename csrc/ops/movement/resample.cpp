#include "ops/movement/resample.h"

#include <vector>

#include "base/check.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/movement/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

class Resample final : public Operator {
 public:
  Resample(const Shape& x, const Shape& y, std::vector<int64_t> starts, std::vector<int64_t> rows)
      : in_(x[1]),
        out_(y[1]),
        inner_(y[2]),
        starts_(std::move(starts)),
        rows_(std::move(rows)),
        split_(Split::by_elements(y.elements() > 0 ? y[0] * y[1] : 0, y[2])),
        bytes_(4 * static_cast<double>(x.elements() + y.elements())),
        weighted_rows_(kernels().movement.weighted_rows) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const auto terms = static_cast<double>(rows_.size());
    return {2 * terms / static_cast<double>(std::max<int64_t>(1, out_)) *
                static_cast<double>(split_.total * inner_),
            bytes_};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    for (int64_t r = split_.begin(item); r < split_.end(item); ++r) {
      const auto j = static_cast<size_t>(r % out_);
      const int64_t first = starts_[j];
      weighted_rows_(starts_[j + 1] - first, rows_.data() + first, at.input(1) + first, inner_,
                     at.input(0) + r / out_ * in_ * inner_, at.output(0) + r * inner_);
    }
  }

 private:
  int64_t in_, out_, inner_;
  std::vector<int64_t> starts_, rows_;
  Split split_;
  double bytes_;
  decltype(MovementKernels::weighted_rows) weighted_rows_;
};

}  // namespace

std::unique_ptr<Operator> make_resample(const OperatorSpec& spec) {
  check(spec.inputs.size() == 2 && spec.outputs.size() == 1, spec.op, ": takes x, weight and y");
  const Operand& x = spec.inputs[0];
  const Operand& y = spec.outputs[0];
  check_float32(spec.op, "x", x, 3);
  check_float32(spec.op, "weight", spec.inputs[1], 1);
  check_float32(spec.op, "y", y, 3);
  check(x.shape[0] == y.shape[0] && x.shape[2] == y.shape[2], spec.op, ": x ", x.shape.text(),
        " and y ", y.shape.text(), " may differ only in the middle");
  const std::vector<int64_t>& starts = spec.attrs.integers("starts");
  const std::vector<int64_t>& rows = spec.attrs.integers("rows");
  const auto terms = static_cast<int64_t>(rows.size());
  check(static_cast<int64_t>(starts.size()) == y.shape[1] + 1 && starts.front() == 0 &&
            starts.back() == terms && spec.inputs[1].shape[0] == terms,
        spec.op, ": starts must lead from 0 to the number of weights, one more than rows of y");
  for (size_t j = 1; j < starts.size(); ++j)
    check(starts[j - 1] <= starts[j], spec.op, ": starts must not fall");
  for (const int64_t row : rows)
    check(row >= 0 && row < x.shape[1], spec.op, ": row ", row, " is none of x ", x.shape.text());
  return std::make_unique<Resample>(x.shape, y.shape, starts, rows);
}

}  // namespace fastcnn
