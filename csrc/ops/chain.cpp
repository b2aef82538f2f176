#include "ops/chain.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "base/check.h"
#include "base/memory.h"
#include "kernels/table.h"
#include "ops/elementwise.h"
#include "ops/geometry.h"
#include "ops/split.h"

namespace fastcnn {
namespace {

// Numbers of a block, about: results between operations and what is read beside them stay in the
// first-level cache.
constexpr int64_t kBlock = 1024;
// What repeats more often than this is laid out for a whole block, so that kernels see long rows.
constexpr int64_t kShortPeriod = 256;
constexpr int64_t kLongestPeriod = 4096;
constexpr size_t kMaxOps = 64;

struct Link {
  ElementwiseOp op;
  int64_t a, b;    // as in the attribute
  int64_t result;  // slot of scratch; the last link has none
};

// How often an operand repeats in an output: its elements, or 0 where it cannot be used.
int64_t period_of(const Shape& operand, const Shape& y) {
  const int64_t elements = operand.elements();
  if (elements == y.elements() || elements == 1) return elements;
  int lead = 0;
  while (lead < operand.rank() && operand[lead] == 1) ++lead;
  const int axes = operand.rank() - lead;
  if (axes > y.rank() || elements == 0 || elements > kLongestPeriod) return 0;
  for (int i = 0; i < axes; ++i)
    if (operand[lead + i] != y[y.rank() - axes + i]) return 0;
  return elements;
}

class Chain final : public Step {
 public:
  Chain(std::vector<Link> links, std::vector<int64_t> periods, int64_t elements)
      : links_(std::move(links)), periods_(std::move(periods)), kernels_(kernels()) {
    int64_t longest = 1;
    for (const int64_t period : periods_)
      if (period != elements) longest = std::max(longest, period);
    block_ = longest * std::max<int64_t>(1, kBlock / longest);
    split_ = {elements, block_ * std::max<int64_t>(1, 2 * kItemElements / block_)};
    block_ = std::min(block_, std::max<int64_t>(1, elements));
    slot_ = align_up(4 * block_) / 4;
    place_results();
    for (const int64_t period : periods_) {
      const bool laid = period > 1 && period != elements && period < kShortPeriod;
      patterns_.push_back(laid ? slots_++ : -1);
    }
  }

  int64_t items(int) const override { return split_.items(); }
  int64_t thread_scratch_bytes() const override { return 4 * slots_ * slot_; }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    double flops = 0, elements = n;
    for (const Link& link : links_) flops += link.op.flops * n;
    for (const int64_t period : periods_) elements += static_cast<double>(period);
    return {flops, 4 * elements};
  }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t end = split_.end(item);
    for (size_t k = 0; k < periods_.size(); ++k)
      if (patterns_[k] >= 0)
        kernels_.copy_rows(
            {block_ / periods_[k], 4 * periods_[k], at.input<uint8_t>(static_cast<int>(k)), 0,
             reinterpret_cast<uint8_t*>(slot(patterns_[k], at)), 4 * periods_[k], false});
    for (int64_t i = split_.begin(item); i < end; i += block_) {
      const int64_t n = std::min(block_, end - i);
      for (const Link& link : links_) {
        float* y = link.result < 0 ? at.output(0) + i : slot(link.result, at);
        if (link.op.is_unary)
          kernels_.unary(link.op.unary, n, source(link.a, i, at).p, y);
        else
          binary(link, n, source(link.a, i, at), source(link.b, i, at), y);
      }
    }
  }

 private:
  // Where the numbers of a block begin.
  struct Source {
    const float* p;
    int64_t period;  // 1: one number for all; 0: a number for each
  };

  // Gives every result but the output a slot for as long as somebody reads it.
  void place_results() {
    std::vector<size_t> last(links_.size());
    for (size_t j = 0; j < links_.size(); ++j)
      for (const int64_t value : {links_[j].a, links_[j].b})
        if (value < 0) last[static_cast<size_t>(-1 - value)] = j;
    std::vector<int64_t> free;
    for (size_t j = 0; j < links_.size(); ++j) {
      // A result may lie where an operand that ends here does.
      for (size_t k = 0; k < j; ++k)
        if (last[k] == j) free.push_back(links_[k].result);
      if (j + 1 == links_.size()) break;
      if (free.empty()) free.push_back(slots_++);
      links_[j].result = free.back();
      free.pop_back();
    }
  }

  float* slot(int64_t index, const Buffers& at) const noexcept {
    return reinterpret_cast<float*>(at.thread_scratch) + index * slot_;
  }

  Source source(int64_t value, int64_t i, const Buffers& at) const noexcept {
    if (value < 0) return {slot(links_[static_cast<size_t>(-1 - value)].result, at), 0};
    const auto k = static_cast<size_t>(value);
    if (periods_[k] == split_.total) return {at.input(static_cast<int>(value)) + i, 0};
    if (patterns_[k] >= 0) return {slot(patterns_[k], at), 0};
    return {at.input(static_cast<int>(value)), periods_[k]};
  }

  void binary(const Link& link, int64_t n, const Source& a, const Source& b,
              float* y) const noexcept {
    // At least one has a number for each element, else the result would have fewer.
    const int64_t period = std::max(a.period, b.period);
    const int64_t columns = period > 1 ? period : n;
    const auto row = [columns](const Source& x) { return x.period == 0 ? columns : 0; };
    kernels_.binary(link.op.binary, {n / columns, columns, a.p, row(a), a.period == 1 ? 0 : 1, b.p,
                                     row(b), b.period == 1 ? 0 : 1, y});
  }

  std::vector<Link> links_;
  std::vector<int64_t> periods_;   // by input
  std::vector<int64_t> patterns_;  // by input: the slot it is laid out in, or -1
  int64_t slots_ = 0, slot_ = 0, block_ = 1;
  Split split_;
  const KernelTable& kernels_;
};

}  // namespace

std::unique_ptr<Step> make_chain(const StepSpec& spec) {
  check(!spec.inputs.empty() && spec.outputs.size() == 1, spec.op,
        ": takes one input or more and y");
  const Operand& y = spec.outputs[0];
  check_operand(spec.op, "y", y, DType::f32, y.shape.rank());
  std::vector<int64_t> periods;
  for (const Operand& x : spec.inputs) {
    check_operand(spec.op, "input", x, DType::f32, x.shape.rank());
    periods.push_back(period_of(x.shape, y.shape));
    check(periods.back() > 0 || y.shape.elements() == 0, spec.op, ": input ", x.shape.text(),
          " neither has the elements of ", y.shape.text(), " nor repeats along its first axes");
  }
  std::istringstream names(spec.attrs.text("ops"));
  const std::vector<int64_t>& operands = spec.attrs.integers("operands");
  const auto inputs = static_cast<int64_t>(spec.inputs.size());
  std::vector<Link> links;
  for (std::string name; names >> name;) {
    const auto done = static_cast<int64_t>(links.size());
    const auto at = 2 * links.size();
    check(links.size() < kMaxOps, spec.op, ": at most ", kMaxOps, " operations");
    check(operands.size() >= at + 2, spec.op, ": needs two operands for each operation");
    const ElementwiseOp op = elementwise_op(name);
    const int64_t a = operands[at], b = op.is_unary ? a : operands[at + 1];
    for (const int64_t value : {a, b})
      check(value < inputs && value >= -done, spec.op, ": ", name, " has no operand ", value);
    const auto whole = [&](int64_t value) {
      return value < 0 ||
             spec.inputs[static_cast<size_t>(value)].shape.elements() == y.shape.elements();
    };
    check(whole(a) || whole(b), spec.op, ": ", name, " has no operand with the elements of y");
    links.push_back({op, a, b, -1});
  }
  check(!links.empty() && operands.size() == 2 * links.size(), spec.op,
        ": needs operations, and two operands for each");
  return std::make_unique<Chain>(std::move(links), std::move(periods), y.shape.elements());
}

}  // namespace fastcnn
