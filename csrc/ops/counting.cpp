#include "ops/counting.h"

#include <algorithm>

#include "base/check.h"
#include "ops/geometry.h"
#include "ops/labels.h"
#include "ops/split.h"

namespace fastcnn {
namespace {

// Each block of pairs has a table of its own, which a second phase adds up in order.
constexpr int64_t kMaxBlocks = 16;
// Tables of more bytes than this in all would leave the caches.
constexpr int64_t kTableBytes = int64_t{1} << 20;

class PairSums final : public Step {
 public:
  PairSums(const Labels& rows, const Labels& columns, int64_t count, int64_t height, int64_t width)
      : rows_(rows), columns_(columns), height_(height), width_(width), cells_(height * width) {
    const int64_t room = std::max<int64_t>(1, kTableBytes / 8 / std::max<int64_t>(1, cells_));
    const int64_t wanted = std::max<int64_t>(1, count / kItemElements);
    blocks_ = {count, std::max<int64_t>(1, ceil_div(count, std::min({kMaxBlocks, room, wanted})))};
    tables_ = std::max<int64_t>(1, blocks_.items());
    strips_ = Split::by_elements(cells_, tables_);
  }

  int phases() const override { return 2; }
  int64_t items(int phase) const override {
    if (cells_ == 0) return 0;
    return phase == 0 ? tables_ : strips_.items();
  }
  int64_t scratch_bytes() const override { return 8 * tables_ * cells_; }
  Cost cost() const override {
    const double pairs = static_cast<double>(blocks_.total);
    const double cells = static_cast<double>(tables_ * cells_);
    return {4 * pairs + cells, 20 * pairs + 16 * cells};
  }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* tables = reinterpret_cast<double*>(at.scratch);
    if (phase == 0) {
      double* table = tables + item * cells_;
      std::fill(table, table + cells_, 0.0);
      for (int64_t i = blocks_.begin(item); i < blocks_.end(item); ++i) {
        const int64_t r = rows_.at(at.in[0], i);
        const int64_t c = columns_.at(at.in[1], i);
        if (r >= 0 && r < height_ && c >= 0 && c < width_)
          table[r * width_ + c] += static_cast<double>(at.input(2)[i]);
      }
      return;
    }
    for (int64_t cell = strips_.begin(item); cell < strips_.end(item); ++cell) {
      double sum = 0;
      for (int64_t t = 0; t < tables_; ++t) sum += tables[t * cells_ + cell];
      at.output(0)[cell] = static_cast<float>(sum);
    }
  }

 private:
  Labels rows_, columns_;
  int64_t height_, width_, cells_, tables_;
  Split blocks_, strips_;
};

}  // namespace

std::unique_ptr<Step> make_pair_sums(const StepSpec& spec) {
  check(spec.inputs.size() == 3 && spec.outputs.size() == 1, spec.op,
        ": takes rows, columns, weights and y");
  const Operand& weights = spec.inputs[2];
  const Operand& y = spec.outputs[0];
  check_operand(spec.op, "weights", weights, DType::f32, 1);
  check_operand(spec.op, "y", y, DType::f32, 2);
  const int64_t count = weights.shape[0];
  return std::make_unique<PairSums>(Labels(spec.op, spec.inputs[0], count),
                                    Labels(spec.op, spec.inputs[1], count), count, y.shape[0],
                                    y.shape[1]);
}

}  // namespace fastcnn
