#include "ops/loss/crossentropy.h"

#include <optional>

#include "base/check.h"
#include "base/integer_view.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/loss/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

// Labels that are converted at a time.
constexpr int64_t kLabelBlock = 64;

class Crossentropy final : public Operator {
 public:
  Crossentropy(int64_t rows, int64_t columns, std::optional<IntegerView> labels, bool logits,
               bool is_gradient)
      : rows_(Split::by_elements(rows, columns, kItemElements / 4)),
        columns_(columns),
        labels_(std::move(labels)),
        logits_(logits),
        is_gradient_(is_gradient),
        kernel_(is_gradient ? kernels().loss.crossentropy_grad : kernels().loss.crossentropy) {}

  int64_t items(int) const override { return rows_.items(); }
  Cost cost() const override {
    const double n = static_cast<double>(rows_.total) * static_cast<double>(columns_);
    return {30 * n, (is_gradient_ ? 12 : 8) * n};
  }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t end = rows_.end(item);
    for (int64_t row = rows_.begin(item); row < end; row += kLabelBlock) {
      const int64_t count = std::min(kLabelBlock, end - row);
      int64_t classes[kLabelBlock];
      if (labels_)
        for (int64_t i = 0; i < count; ++i) classes[i] = labels_->at(at.in[1], row + i);
      kernel_({count, columns_, at.input(0) + row * columns_,
               labels_ ? nullptr : at.input(1) + row * columns_, classes,
               is_gradient_ ? at.input(2) + row : nullptr,
               at.output(0) + (is_gradient_ ? row * columns_ : row), logits_});
    }
  }

 private:
  Split rows_;
  int64_t columns_;
  std::optional<IntegerView> labels_;
  bool logits_, is_gradient_;
  decltype(LossKernels::crossentropy) kernel_;
};

std::unique_ptr<Operator> make(const OperatorSpec& spec, bool is_gradient) {
  check(spec.inputs.size() == (is_gradient ? 3 : 2) && spec.outputs.size() == 1, spec.op,
        ": takes scores, truth", is_gradient ? ", dy" : "", " and one output");
  const Operand& scores = spec.inputs[0];
  const Operand& truth = spec.inputs[1];
  const int rank = scores.shape.rank();
  check(rank >= 1, spec.op, ": scores need an axis of classes");
  check_float32(spec.op, "scores", scores, rank);
  const int64_t rows = scores.shape.elements(0, rank - 1);
  const int64_t columns = scores.shape.back();
  check(columns >= 1 || rows == 0, spec.op, ": scores ", scores.shape.text(), " have no class");
  if (is_gradient) {
    check_float32_count(spec.op, "dy", spec.inputs[2], rows);
    check_float32(spec.op, "gradient", spec.outputs[0], scores.shape);
  } else {
    check_float32_count(spec.op, "loss", spec.outputs[0], rows);
  }
  std::optional<IntegerView> labels;
  if (is_float32(truth))
    check_shape(spec.op, "truth", truth, scores.shape);
  else
    labels.emplace(spec.op, truth.dtype, truth.shape, rows);
  return std::make_unique<Crossentropy>(rows, columns, labels, spec.attrs.boolean("from_logits"),
                                        is_gradient);
}

}  // namespace

std::unique_ptr<Operator> make_crossentropy(const OperatorSpec& spec) { return make(spec, false); }
std::unique_ptr<Operator> make_crossentropy_grad(const OperatorSpec& spec) {
  return make(spec, true);
}

}  // namespace fastcnn
