#include "ops/reduction/weighted_histogram.h"

#include <algorithm>

#include "base/check.h"
#include "base/integer_view.h"
#include "base/partition.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

// Each block of pairs has a table of its own, which a second phase adds up in order.
constexpr int64_t kMaxBlocks = 16;
// Tables of more bytes than this in all would leave the caches.
constexpr int64_t kTableBytes = int64_t{1} << 20;
// Bins that few pairs are looked through for at a time: as doubles they lie in the first cache.
constexpr int64_t kPiece = 2048;
// Few pairs: looking at all of them once for each piece costs less than a table in memory does.
constexpr int64_t kSparsePairs = 2048;

// The bin r * width + c of a pair, or -1 where it is in no bin.
inline int64_t bin_of(int64_t r, int64_t c, int64_t height, int64_t width) noexcept {
  return r >= 0 && r < height && c >= 0 && c < width ? r * width + c : -1;
}

// Few pairs and more bins than the caches hold: each item makes a piece of the table on the stack,
// in one phase, and only the result goes through memory.
class SparseWeightedHistogram2d final : public Operator {
 public:
  SparseWeightedHistogram2d(const IntegerView& rows, const IntegerView& columns, int64_t count,
                            int64_t height, int64_t width)
      : row_indices_(rows),
        column_indices_(columns),
        count_(count),
        height_(height),
        width_(width),
        pieces_(Split::by_elements(height * width, 1)) {}

  int64_t items(int) const override { return pieces_.items(); }
  Cost cost() const override {
    const double looks = static_cast<double>(count_ * pieces_.items());
    const double bins = static_cast<double>(pieces_.total);
    return {4 * looks + bins, 4 * bins};
  }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = pieces_.begin(item), end = pieces_.end(item);
    // The pairs of this item, in order.
    int32_t mine[kSparsePairs], bins[kSparsePairs];
    int64_t found = 0;
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t bin =
          bin_of(row_indices_.at(at.in[0], i), column_indices_.at(at.in[1], i), height_, width_);
      if (bin < begin || bin >= end) continue;
      mine[found] = static_cast<int32_t>(i);
      bins[found++] = static_cast<int32_t>(bin - begin);
    }
    double sums[kPiece];
    for (int64_t first = 0; first < end - begin; first += kPiece) {
      const int64_t size = std::min(kPiece, end - begin - first);
      std::fill(sums, sums + size, 0.0);
      for (int64_t i = 0; i < found; ++i) {
        const int64_t bin = bins[i] - first;
        if (bin >= 0 && bin < size) sums[bin] += static_cast<double>(at.input(2)[mine[i]]);
      }
      float* y = at.output(0) + begin + first;
      for (int64_t bin = 0; bin < size; ++bin) y[bin] = static_cast<float>(sums[bin]);
    }
  }

 private:
  IntegerView row_indices_, column_indices_;
  int64_t count_, height_, width_;
  Split pieces_;
};

class WeightedHistogram2d final : public Operator {
 public:
  WeightedHistogram2d(const IntegerView& rows, const IntegerView& columns, int64_t count,
                      int64_t height, int64_t width)
      : row_indices_(rows),
        column_indices_(columns),
        height_(height),
        width_(width),
        bins_(height * width) {
    const int64_t room = std::max<int64_t>(1, kTableBytes / 8 / std::max<int64_t>(1, bins_));
    const int64_t wanted = std::max<int64_t>(1, count / kItemElements);
    blocks_ = {count, std::max<int64_t>(1, ceil_div(count, std::min({kMaxBlocks, room, wanted})))};
    tables_ = std::max<int64_t>(1, blocks_.items());
    pieces_ = Split::by_elements(bins_, tables_);
  }

  int phases() const override { return 2; }
  int64_t items(int phase) const override {
    if (bins_ == 0) return 0;
    return phase == 0 ? tables_ : pieces_.items();
  }
  int64_t scratch_bytes() const override { return 8 * tables_ * bins_; }
  Cost cost() const override {
    const double pairs = static_cast<double>(blocks_.total);
    const double bins = static_cast<double>(tables_ * bins_);
    return {4 * pairs + bins, 20 * pairs + 16 * bins};
  }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* tables = reinterpret_cast<double*>(at.scratch);
    if (phase == 0) {
      double* table = tables + item * bins_;
      std::fill(table, table + bins_, 0.0);
      for (int64_t i = blocks_.begin(item); i < blocks_.end(item); ++i) {
        const int64_t bin =
            bin_of(row_indices_.at(at.in[0], i), column_indices_.at(at.in[1], i), height_, width_);
        if (bin >= 0) table[bin] += static_cast<double>(at.input(2)[i]);
      }
      return;
    }
    for (int64_t bin = pieces_.begin(item); bin < pieces_.end(item); ++bin) {
      double sum = 0;
      for (int64_t t = 0; t < tables_; ++t) sum += tables[t * bins_ + bin];
      at.output(0)[bin] = static_cast<float>(sum);
    }
  }

 private:
  IntegerView row_indices_, column_indices_;
  int64_t height_, width_, bins_, tables_;
  Split blocks_, pieces_;
};

}  // namespace

std::unique_ptr<Operator> make_weighted_histogram_2d(const OperatorSpec& spec) {
  check(spec.inputs.size() == 3 && spec.outputs.size() == 1, spec.op,
        ": takes row_indices, column_indices, weights and y");
  const Operand& weights = spec.inputs[2];
  const Operand& y = spec.outputs[0];
  check_float32(spec.op, "weights", weights, 1);
  check_float32(spec.op, "y", y, 2);
  const int64_t count = weights.shape[0];
  const IntegerView rows(spec.op, spec.inputs[0].dtype, spec.inputs[0].shape, count);
  const IntegerView columns(spec.op, spec.inputs[1].dtype, spec.inputs[1].shape, count);
  const int64_t height = y.shape[0], width = y.shape[1];
  if (count <= kSparsePairs && 8 * y.shape.elements() > kTableBytes)
    return std::make_unique<SparseWeightedHistogram2d>(rows, columns, count, height, width);
  return std::make_unique<WeightedHistogram2d>(rows, columns, count, height, width);
}

}  // namespace fastcnn
