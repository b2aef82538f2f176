#include "ops/elementwise/fused.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <sstream>
#include <vector>

#include "base/check.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/elementwise/table.h"
#include "ops/common/operand_checks.h"
#include "ops/elementwise/elementwise.h"

namespace fastcnn {
namespace {

// Numbers of a block, about: what repeats is laid out for a whole one, so that it is read in order.
constexpr int64_t kBlock = 1024;
constexpr int64_t kLongestPeriod = 4096;
// Each is loaded, applied and saved at most; the last stores.
constexpr size_t kMaxOps = 64;
static_assert(3 * kMaxOps < kMaxFusedOps, "room for the longest sequence");

struct Operation {
  ElementwiseOp op;
  int64_t a, b;       // as in the attribute
  int64_t slot = -1;  // of scratch, where the result is read once it has left the registers
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

class FusedElementwise final : public Operator {
 public:
  FusedElementwise(std::vector<Operation> operations, std::vector<int64_t> periods,
                   int64_t elements)
      : operations_(std::move(operations)),
        periods_(std::move(periods)),
        kernels_(kernels()),
        group_(kFusedVectors * kernels_.lanes) {
    int64_t longest = 1;
    for (const int64_t period : periods_)
      if (period != elements) longest = std::max(longest, period);
    block_ = longest * std::max<int64_t>(1, kBlock / longest);
    split_ = {elements, block_ * std::max<int64_t>(1, 2 * kItemElements / block_)};
    place_results();
    make_fused_ops();
    for (const int64_t period : periods_) {
      starts_.push_back(scratch_);
      // A group may begin anywhere in a block.
      scratch_ += period == elements || period == 1 ? group_ : align(block_ + group_);
    }
    result_ = scratch_;
    scratch_ += group_;
  }

  int64_t items(int) const override { return split_.items(); }
  int64_t thread_scratch_bytes() const override { return 4 * scratch_; }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    double flops = 0, elements = n;
    for (const Operation& each : operations_) flops += each.op.flops * n;
    for (const int64_t period : periods_) elements += static_cast<double>(period);
    return {flops, 4 * elements};
  }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    lay_out(at);
    const int64_t begin = split_.begin(item), size = split_.size(item);
    float* const y = at.output(0) + begin;
    const bool non_temporal = stores_non_temporal(at);
    // Streamed vectors lie on their boundaries.
    const auto beside = static_cast<int64_t>(reinterpret_cast<uintptr_t>(y) % kAlignment) / 4;
    const int64_t head = !non_temporal || beside == 0 ? 0 : std::min(size, kAlignment / 4 - beside);
    const int64_t groups = (size - head) / group_;
    part(at, begin, 0, head);
    if (groups > 0) groups_of(at, begin, head, groups, non_temporal);
    for (int64_t i = head + groups * group_; i < size; i += group_)
      part(at, begin, i, std::min(group_, size - i));
  }

 private:
  struct Planned {
    FusedAction act;
    ElementwiseOp op;
    int64_t value;  // the operand, as in the attribute; of `save` the operation whose result it is
  };

  int64_t align(int64_t numbers) const { return align_up(4 * numbers) / 4; }

  // Whether the result of operation j is read only from registers: by the next one, once.
  bool passes_on(size_t j) const {
    for (size_t k = j + 1; k < operations_.size(); ++k) {
      const auto& next = operations_[k];
      const int64_t value = -1 - static_cast<int64_t>(j);
      const bool reads_a = next.a == value;
      const bool reads_b = next.b == value && !next.op.is_unary;
      if (k == j + 1 ? reads_a && reads_b : reads_a || reads_b) return false;
    }
    return true;
  }

  // Gives every result that leaves the registers a slot for as long as somebody reads it.
  void place_results() {
    std::vector<size_t> last(operations_.size());
    for (size_t j = 0; j < operations_.size(); ++j)
      for (const int64_t value : {operations_[j].a, operations_[j].b})
        if (value < 0) last[static_cast<size_t>(-1 - value)] = j;
    std::vector<int64_t> free;
    for (size_t j = 0; j + 1 < operations_.size(); ++j) {
      for (size_t k = 0; k < j; ++k)
        if (last[k] == j && operations_[k].slot >= 0) free.push_back(operations_[k].slot);
      if (passes_on(j)) continue;
      if (free.empty()) {
        free.push_back(scratch_);
        scratch_ += group_;
      }
      operations_[j].slot = free.back();
      free.pop_back();
    }
  }

  void make_fused_ops() {
    for (size_t j = 0; j < operations_.size(); ++j) {
      const Operation& each = operations_[j];
      // Before the first there is nothing in registers.
      const int64_t held = j == 0 ? std::numeric_limits<int64_t>::min() : -static_cast<int64_t>(j);
      const bool swaps = !each.op.is_unary && each.a != held && each.b == held;
      if (each.a != held && !swaps) fused_ops_.push_back({FusedAction::load, each.op, each.a});
      const FusedAction act = swaps              ? FusedAction::swapped
                              : each.op.is_unary ? FusedAction::unary
                                                 : FusedAction::binary;
      fused_ops_.push_back({act, each.op, swaps ? each.a : each.b});
      if (each.slot >= 0)
        fused_ops_.push_back({FusedAction::save, each.op, -1 - static_cast<int64_t>(j)});
    }
    fused_ops_.push_back({FusedAction::store, {}, 0});
  }

  float* scratch(int64_t from, const Buffers& at) const noexcept {
    return reinterpret_cast<float*>(at.thread_scratch) + from;
  }
  bool repeats(size_t input) const { return periods_[input] != split_.total; }

  // What repeats: one number for a group, the others for a block and a group after it.
  void lay_out(const Buffers& at) const noexcept {
    for (size_t k = 0; k < periods_.size(); ++k) {
      if (!repeats(k)) continue;
      const float* x = at.input(static_cast<int>(k));
      float* to = scratch(starts_[k], at);
      if (periods_[k] == 1) {
        std::fill(to, to + group_, *x);
        continue;
      }
      for (int64_t i = 0; i < block_ + group_; i += periods_[k])
        std::memcpy(to + i, x, 4 * static_cast<size_t>(std::min(periods_[k], block_ + group_ - i)));
    }
  }

  bool stores_non_temporal(const Buffers& at) const noexcept {
    bool non_temporal = true;
    for (size_t k = 0; k < periods_.size(); ++k)
      non_temporal &= non_temporal_pays(at.output(0), split_.total, at.input(static_cast<int>(k)));
    return non_temporal;
  }

  // Fewer than a group: copied, computed and copied.
  void part(const Buffers& at, int64_t begin, int64_t i, int64_t n) const noexcept {
    if (n == 0) return;
    for (size_t k = 0; k < periods_.size(); ++k)
      if (!repeats(k))
        std::memcpy(scratch(starts_[k], at), at.input(static_cast<int>(k)) + begin + i,
                    4 * static_cast<size_t>(n));
    compute(at, i, 1, false, nullptr, scratch(result_, at));
    std::memcpy(at.output(0) + begin + i, scratch(result_, at), 4 * static_cast<size_t>(n));
  }

  void groups_of(const Buffers& at, int64_t begin, int64_t i, int64_t groups,
                 bool non_temporal) const noexcept {
    const int64_t from = begin + i;
    compute(at, i, groups, non_temporal, &from, at.output(0) + from);
  }

  // Operands with a number for each element begin at *from, or lie in scratch.
  void compute(const Buffers& at, int64_t place, int64_t groups, bool non_temporal,
               const int64_t* from, float* y) const noexcept {
    std::array<FusedOp, kMaxFusedOps> ops;
    for (size_t j = 0; j < fused_ops_.size(); ++j) {
      const Planned& link = fused_ops_[j];
      FusedOp& to = ops[j];
      to = {link.act, link.op.unary, link.op.binary, y, OperandAdvance::always};
      if (link.act == FusedAction::store || link.act == FusedAction::unary) continue;
      if (link.value < 0) {
        to.p = scratch(operations_[static_cast<size_t>(-1 - link.value)].slot, at);
        to.moves = OperandAdvance::never;
        continue;
      }
      const auto k = static_cast<size_t>(link.value);
      if (!repeats(k) && from != nullptr) {
        // Read only.
        to.p = const_cast<float*>(at.input(static_cast<int>(k))) + *from;
        continue;
      }
      to.p = scratch(starts_[k], at);
      to.moves = repeats(k) && periods_[k] > 1 ? OperandAdvance::in_block : OperandAdvance::never;
    }
    kernels_.elementwise.fused_elementwise({groups, place % block_, block_,
                                            static_cast<int64_t>(fused_ops_.size()), ops.data(),
                                            non_temporal});
  }

  std::vector<Operation> operations_;
  std::vector<int64_t> periods_;  // by input
  std::vector<Planned> fused_ops_;
  const KernelTable& kernels_;
  int64_t group_;                // numbers of a group
  int64_t block_ = 1;            // a multiple of every period
  int64_t scratch_ = 0;          // numbers
  std::vector<int64_t> starts_;  // by input: in scratch
  int64_t result_ = 0;           // of a part: in scratch
  Split split_;
};

}  // namespace

std::unique_ptr<Operator> make_fused_elementwise(const OperatorSpec& spec) {
  check(!spec.inputs.empty() && spec.outputs.size() == 1, spec.op,
        ": takes one input or more and y");
  const Operand& y = spec.outputs[0];
  check_float32(spec.op, "y", y);
  std::vector<int64_t> periods;
  for (const Operand& x : spec.inputs) {
    check_float32(spec.op, "input", x);
    periods.push_back(period_of(x.shape, y.shape));
    check(periods.back() > 0 || y.shape.elements() == 0, spec.op, ": input ", x.shape.text(),
          " neither has the elements of ", y.shape.text(), " nor repeats along its first axes");
  }
  std::istringstream names(spec.attrs.text("ops"));
  const std::vector<int64_t>& operands = spec.attrs.integers("operands");
  const auto inputs = static_cast<int64_t>(spec.inputs.size());
  std::vector<Operation> operations;
  for (std::string name; names >> name;) {
    const auto done = static_cast<int64_t>(operations.size());
    const auto at = 2 * operations.size();
    check(operations.size() < kMaxOps, spec.op, ": at most ", kMaxOps, " operations");
    check(operands.size() >= at + 2, spec.op, ": needs two operands for each operation");
    const ElementwiseOp& op = elementwise_op(name);
    check(op.fusable, spec.op, ": ", name, " cannot be fused");
    const int64_t a = operands[at], b = op.is_unary ? a : operands[at + 1];
    for (const int64_t value : {a, b})
      check(value < inputs && value >= -done, spec.op, ": ", name, " has no operand ", value);
    const auto whole = [&](int64_t value) {
      return value < 0 ||
             spec.inputs[static_cast<size_t>(value)].shape.elements() == y.shape.elements();
    };
    check(whole(a) || whole(b), spec.op, ": ", name, " has no operand with the elements of y");
    operations.push_back({op, a, b});
  }
  check(!operations.empty() && operands.size() == 2 * operations.size(), spec.op,
        ": needs operations, and two operands for each");
  return std::make_unique<FusedElementwise>(std::move(operations), std::move(periods),
                                            y.shape.elements());
}

}  // namespace fastcnn
