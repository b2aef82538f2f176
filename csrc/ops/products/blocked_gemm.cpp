#include "ops/products/blocked_gemm.h"

#include <algorithm>

#include "base/check.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/table.h"
#include "kernels/simd/epilogue.h"

namespace fastcnn {
namespace {

// Length of a block of sums: a tile of A that long fills L1, where B only passes through, and C
// comes and goes so seldom that it hardly counts.
constexpr int64_t kDepth = 512;
// Where one tile reads all of B, A is small. So many long rows of B are read side by side: enough
// requests at once, yet few enough that the hardware follows each of them.
constexpr int64_t kStreamedDepth = 32;
// A block of B in panels; it need not stay in L2 as a whole, because it is read in order.
constexpr int64_t kPanelBytes = 1 << 20;
// B of so many numbers stays in L1 in place.
constexpr int64_t kSmallMatrix = 8192;
// What an item should cost at least, about 10 microseconds, and at most, in flops; a number of B
// that comes from memory costs as much time as 16 flops.
constexpr double kLeastItem = 1e6;
constexpr double kLargestItem = 6e7;
constexpr double kFlopsPerNumber = 16;
constexpr int64_t kWantedItems = 16;
// Up to so many tiles of rows, an item has all of them and packs its panels of B itself: there is
// no phase to wait for, and the panels are still in L2.
constexpr int64_t kFewTiles = 24;
// Parts of a sum are at least so long: where B is read once, and where each part of C, which is
// written and read once more, has to be worth it.
constexpr int64_t kStreamedPart = 64;
constexpr int64_t kPart = 256;
// Columns of C whose parts are added at once: every thread has a share, of one row too.
constexpr int64_t kSummedColumns = 256;
// Rows of A at multiples of this distance, in numbers, share places in L1. They are copied, as
// they are where so many columns of C share the price.
constexpr int64_t kAliasedDistance = 256;
constexpr int64_t kColumnsPerCopy = 256;
// Up to so many panels do not pay for a copy column by column, which is read a little faster than
// one row by row but takes longer to make.
constexpr int64_t kPanelsPerRows = 4;
// Between copied rows: a cache line, so that they in turn do not share places.
constexpr int64_t kCopyGap = 16;
// C from so many bytes on is written with non-temporal stores, if it is written once.
constexpr int64_t kNonTemporalBytes = 16 << 20;

}  // namespace

BlockedGemm::BlockedGemm(const BlockedGemmShape& shape) : kernels_(kernels()), shape_(shape) {
  const int64_t vectors = std::max<int64_t>(1, ceil_div(shape_.columns, kernels_.lanes));
  tile_rows_ = kernels_.gemm.gemm_rows;
  int64_t widest = kernels_.gemm.gemm_vectors;
  if (shape_.rows <= kernels_.gemm.gemm_wide_rows && vectors > widest) {
    tile_rows_ = kernels_.gemm.gemm_wide_rows;
    widest = kernels_.gemm.gemm_wide_vectors;
    if (shape_.rows == 1 && vectors > widest) {
      tile_rows_ = 1;
      width_ = kernels_.blocked_gemm.one_row_vectors * kernels_.lanes;
      widest = kernels_.blocked_gemm.one_row_vectors;
    }
  }
  width_ = std::min(widest, widest == kernels_.blocked_gemm.one_row_vectors ? widest : vectors) *
           kernels_.lanes;
  panels_ = ceil_div(shape_.columns, width_);
  const int64_t last_vectors =
      ceil_div(shape_.columns - std::max<int64_t>(0, panels_ - 1) * width_, kernels_.lanes);
  last_width_ =
      last_vectors > kernels_.gemm.gemm_wide_vectors ? width_ : last_vectors * kernels_.lanes;
  padded_columns_ = panels_ == 0 ? 0 : (panels_ - 1) * width_ + last_width_;
  checked_product(padded_columns_, shape_.k, "packed matrix");
  choose_blocks();
  sum_pieces_ = std::max<int64_t>(1, shape_.columns / kSummedColumns);
}

void BlockedGemm::choose_blocks() {
  const int64_t tiles = ceil_div(shape_.rows, tile_rows_);
  const int64_t k = shape_.k;
  const bool once = tiles <= 1;  // B is read once
  in_place_ = !shape_.transpose_b && (once || k * shape_.columns <= kSmallMatrix);
  int64_t limit = kDepth;
  if (in_place_ && once) limit = shape_.columns <= width_ ? kDepth : kStreamedDepth;
  depth_blocks_ = std::max<int64_t>(1, ceil_div(k, limit));

  const double flops = 2.0 * static_cast<double>(shape_.rows) *
                       static_cast<double>(shape_.columns) * static_cast<double>(k);
  const double work =
      flops + kFlopsPerNumber * static_cast<double>(shape_.columns) * static_cast<double>(k);
  const int64_t panel_limit = std::max<int64_t>(
      1, kPanelBytes / (4 * width_ * ceil_div(std::max<int64_t>(1, k), depth_blocks_)));
  const int64_t panels = std::max<int64_t>(1, panels_);
  panel_blocks_ = ceil_div(panels, panel_limit);
  const auto wanted = std::clamp<int64_t>(static_cast<int64_t>(work / kLeastItem), 1, kWantedItems);
  if (tiles <= kFewTiles) {
    const int64_t most_parts = std::max<int64_t>(1, k / (once ? kStreamedPart : kPart));
    if (in_place_ || panels < wanted) {
      parts_ = std::min({wanted, most_parts, depth_blocks_});
      if (parts_ < wanted / 2) {
        parts_ = 1;
        panel_blocks_ = std::max(panel_blocks_, std::min(panels, wanted));
      }
    } else {
      panel_blocks_ = std::max(panel_blocks_, wanted);
    }
  } else {
    const auto by_flops = static_cast<int64_t>(flops / kLargestItem);
    row_blocks_ = ceil_div(std::max(wanted, by_flops), panel_blocks_);
    row_blocks_ += row_blocks_ % 2;
    row_blocks_ = std::clamp<int64_t>(row_blocks_, 1, ceil_div(tiles, 4));
  }
  const int64_t panels_each = ceil_div(panels, panel_blocks_);
  const int64_t distance = shape_.transpose_a ? shape_.rows : k;
  copies_a_ = shape_.transpose_a ? panels_each >= 2
                                 : panels_each >= 2 && (distance % kAliasedDistance == 0 ||
                                                        panels_each * width_ >= kColumnsPerCopy);
  longest_block_ = ceil_div(k, depth_blocks_);
  reads_b_in_order_ = shape_.rows == 1 && in_place_ && panels_ > 1 && parts_ > 1;
  copies_as_rows_ = copies_a_ && !shape_.transpose_a && panels_each <= kPanelsPerRows;
  copy_width_ = copies_as_rows_
                    ? ceil_div(longest_block_, kernels_.lanes) * kernels_.lanes + kCopyGap
                    : ceil_div(tile_rows_, kernels_.lanes) * kernels_.lanes;
  non_temporal_ = depth_blocks_ == 1 && applied_in_registers(shape_.activation) &&
                  shape_.columns % kernels_.lanes == 0 &&
                  shape_.rows * shape_.columns * 4 >= kNonTemporalBytes;
}

BlockedGemm::Run BlockedGemm::depth_block(int64_t block) const {
  return {shape_.k * block / depth_blocks_, shape_.k * (block + 1) / depth_blocks_};
}

int64_t BlockedGemm::items(int phase) const {
  if (shape_.rows == 0 || shape_.columns == 0) return 0;
  return phase == 0 ? parts_ * panel_blocks_ * row_blocks_ : shape_.rows * sum_pieces_;
}

int64_t BlockedGemm::scratch_bytes() const {
  return parts_ > 1 ? parts_ * shape_.rows * shape_.columns * 4 : 0;
}

// Of the copy of a tile of A.
int64_t BlockedGemm::copy_numbers() const {
  if (!copies_a_) return 0;
  return copy_width_ * (copies_as_rows_ ? tile_rows_ : longest_block_);
}

int64_t BlockedGemm::thread_scratch_bytes() const {
  const int64_t panels = in_place_        ? 1
                         : packs_in_run() ? 0
                                          : ceil_div(std::max<int64_t>(1, panels_), panel_blocks_);
  return align_up(copy_numbers() * 4) + panels * width_ * longest_block_ * 4;
}

Cost BlockedGemm::cost() const {
  const auto m = static_cast<double>(shape_.rows);
  const auto n = static_cast<double>(shape_.columns);
  const auto k = static_cast<double>(shape_.k);
  return {2 * m * n * k, 4 * (m * k + k * n + m * n)};
}

std::string BlockedGemm::algorithm() const {
  std::string name = in_place_ ? "GEMM, B in place" : "GEMM";
  if (parts_ > 1) name += ", split k";
  return name;
}

std::string BlockedGemm::layout() const {
  return std::to_string(shape_.k) + " x " + std::to_string(shape_.columns) +
         (shape_.transpose_b ? " transposed" : "") + ", panels of " + std::to_string(width_) +
         " by " + std::to_string(depth_blocks_);
}

void BlockedGemm::pack_panel(int64_t p, Run depth, const float* b, float* panel) const noexcept {
  const int64_t first = p * width_;
  const int64_t columns = std::min(width_, shape_.columns - first);
  if (shape_.transpose_b)
    kernels_.gemm.pack_columns(depth.size(), columns, width_of(p),
                               b + first * shape_.k + depth.from, shape_.k, panel);
  else
    kernels_.gemm.pack_rows(depth.size(), columns, width_of(p),
                            b + depth.from * shape_.columns + first, shape_.columns, panel);
}

void BlockedGemm::pack(int64_t item, const float* b, float* packed) const noexcept {
  for (int64_t block = 0; block < depth_blocks_; ++block) {
    const Run depth = depth_block(block);
    pack_panel(item, depth, b,
               packed + depth.from * padded_columns_ + item * depth.size() * width_);
  }
}

void BlockedGemm::pack_a(Run rows, Run depth, const float* a, float* copy) const noexcept {
  if (shape_.transpose_a)
    kernels_.gemm.pack_rows(depth.size(), rows.size(), copy_width_,
                            a + depth.from * shape_.rows + rows.from, shape_.rows, copy);
  else if (copies_as_rows_)
    kernels_.gemm.pack_rows(rows.size(), depth.size(), copy_width_,
                            a + rows.from * shape_.k + depth.from, shape_.k, copy);
  else
    kernels_.gemm.pack_columns(depth.size(), rows.size(), copy_width_,
                               a + rows.from * shape_.k + depth.from, shape_.k, copy);
}

// Brings a piece of the next tile of A closer, while this one is at work: it would be copied at the
// pace of memory's answers otherwise.
void BlockedGemm::prefetch_a(Run rows, Run depth, const float* a, int64_t piece,
                             int64_t pieces) const noexcept {
  if (shape_.transpose_a) {
    const float* from = a + depth.from * shape_.rows + rows.from;
    for (int64_t k = depth.size() * piece / pieces; k < depth.size() * (piece + 1) / pieces; ++k)
      __builtin_prefetch(from + k * shape_.rows, 0, 2);
    return;
  }
  for (int64_t m = rows.size() * piece / pieces; m < rows.size() * (piece + 1) / pieces; ++m) {
    const float* from = a + (rows.from + m) * shape_.k;
    for (int64_t k = depth.from; k < depth.to; k += kAlignment / 4)
      __builtin_prefetch(from + k, 0, 2);
  }
}

BlockedGemm::Run BlockedGemm::span_of(int64_t item) const {
  const int64_t i = item / row_blocks_ % panel_blocks_;
  return {panels_ * i / panel_blocks_, panels_ * (i + 1) / panel_blocks_};
}

BlockedGemm::Run BlockedGemm::blocks_of(int64_t item) const {
  const int64_t part = item / row_blocks_ / panel_blocks_;
  return {depth_blocks_ * part / parts_, depth_blocks_ * (part + 1) / parts_};
}

// Rows of panel p as they are read first: packed, or B in place.
BlockedGemm::Rows BlockedGemm::rows_of_b(int64_t p, Run depth, const float* b,
                                         const float* packed) const noexcept {
  if (packed != nullptr)
    return {packed + depth.from * padded_columns_ + p * depth.size() * width_, width_of(p)};
  return {b + depth.from * shape_.columns + p * width_, shape_.columns};
}

// What a call of the kernel should prefetch: a line of each row of B's next block, which may
// come from beyond the caches. Nothing where B is read more often than once, or is transposed.
BlockedGemm::Rows BlockedGemm::prefetch_of(int64_t item, int64_t block, int64_t call,
                                           const float* b, const float* packed) const noexcept {
  const Rows nothing{b, 0};
  if (row_blocks_ > 1 || (shape_.transpose_b && packed == nullptr)) return nothing;
  if (++block == blocks_of(item).to) {
    if (++item == items(0)) return nothing;
    block = blocks_of(item).from;
  }
  const Run span = span_of(item);
  const int64_t line = call * (kAlignment / 4);
  const int64_t p = span.from + line / width_;
  if (p >= span.to) return nothing;
  Rows rows = rows_of_b(p, depth_block(block), b, packed);
  rows.first += line % width_;
  return rows;
}

void BlockedGemm::multiply(int64_t item, const GemmOperands& operands,
                           const Buffers& at) const noexcept {
  const auto& [a, b, bias, residual, result] = operands;
  auto* copy = reinterpret_cast<float*>(at.thread_scratch);
  float* panels = reinterpret_cast<float*>(at.thread_scratch + align_up(copy_numbers() * 4));
  const auto* packed = in_place_ ? nullptr : reinterpret_cast<const float*>(at.packed);
  const int64_t row_block = item % row_blocks_;
  const Run rows{shape_.rows * row_block / row_blocks_,
                 shape_.rows * (row_block + 1) / row_blocks_};
  const Run span = span_of(item);
  const Run blocks = blocks_of(item);
  float* const c = parts_ == 1 ? result
                               : reinterpret_cast<float*>(at.scratch) +
                                     item / panel_blocks_ * shape_.rows * shape_.columns;
  if (reads_b_in_order_) {
    const Run depth{depth_block(blocks.from).from, depth_block(blocks.to - 1).to};
    const int64_t first = span.from * width_;
    const int64_t columns = std::min(span.to * width_, shape_.columns) - first;
    return kernels_.blocked_gemm.blocked_gemm_row(depth.size(), columns, a + depth.from,
                                                  b + depth.from * shape_.columns + first,
                                                  shape_.columns, c + first);
  }
  const int64_t tiles = ceil_div(rows.size(), tile_rows_);
  const auto tile_at = [&](int64_t t) {
    return Run{rows.from + rows.size() * t / tiles, rows.from + rows.size() * (t + 1) / tiles};
  };
  // Of a matrix that is read in place only a panel that is not whole is packed.
  const bool packs_last = in_place_ && span.to * width_ > shape_.columns;
  const int64_t packed_here = packed != nullptr ? span.to
                              : !in_place_      ? span.from
                              : packs_last      ? span.to - 1
                                                : span.to;

  BlockedGemmTile g{};
  g.c_stride = shape_.columns;
  g.non_temporal = non_temporal_ && reinterpret_cast<uintptr_t>(c) % kAlignment == 0;
  for (int64_t block = blocks.from; block < blocks.to; ++block) {
    const Run depth = depth_block(block);
    const bool last = parts_ == 1 && block + 1 == blocks.to;
    g.depth = depth.size();
    g.activation = last ? shape_.activation : Activation::none;
    for (int64_t p = packed_here; p < span.to; ++p)
      pack_panel(p, depth, b, panels + (p - packed_here) * depth.size() * width_);
    int64_t call = 0;
    for (int64_t t = 0; t < tiles; ++t) {
      const Run tile = tile_at(t);
      g.rows = tile.size();
      if (copies_a_) {
        pack_a(tile, depth, a, copy);
        g.a = copy;
        g.a_row = copy_width_;
        g.a_step = copies_as_rows_ ? 1 : copy_width_;
      } else if (shape_.transpose_a) {
        g.a = a + depth.from * shape_.rows + tile.from;
        g.a_step = shape_.rows;
      } else {
        g.a = a + tile.from * shape_.k + depth.from;
        g.a_row = shape_.k;
        g.a_step = 1;
      }
      for (int64_t p = span.from; p < span.to; ++p) {
        g.width = width_of(p);
        g.columns = std::min(width_, shape_.columns - p * width_);
        g.bias = last && bias != nullptr ? bias + p * width_ : nullptr;
        g.c = c + tile.from * shape_.columns + p * width_;
        g.addend = block > blocks.from                  ? g.c
                   : parts_ == 1 && residual != nullptr ? residual + (g.c - c)
                                                        : nullptr;
        const Rows of_b = p < packed_here
                              ? rows_of_b(p, depth, b, packed)
                              : Rows{panels + (p - packed_here) * depth.size() * width_, g.width};
        g.b = of_b.first;
        g.b_stride = of_b.stride;
        const Rows next = prefetch_of(item, block, call++, b, packed);
        g.prefetch = next.first;
        g.prefetch_step = next.stride;
        if (t + 1 < tiles) prefetch_a(tile_at(t + 1), depth, a, p - span.from, span.size());
        kernels_.blocked_gemm.blocked_gemm_tile(g);
      }
    }
  }
  if (g.non_temporal) kernels_.gemm.non_temporal_stores_end();
}

void BlockedGemm::run(int phase, int64_t item, const GemmOperands& operands,
                      const Buffers& at) const noexcept {
  if (phase == 0) return multiply(item, operands, at);
  const auto& [a, b, bias, residual, c] = operands;
  const int64_t piece = item % sum_pieces_;
  const int64_t first = shape_.columns * piece / sum_pieces_;
  const int64_t columns = shape_.columns * (piece + 1) / sum_pieces_ - first;
  const int64_t begin = item / sum_pieces_ * shape_.columns + first;
  kernels_.blocked_gemm.blocked_gemm_sum(
      parts_, columns, reinterpret_cast<const float*>(at.scratch) + begin,
      shape_.rows * shape_.columns, bias == nullptr ? nullptr : bias + first,
      residual == nullptr ? nullptr : residual + begin, shape_.activation, c + begin);
}

}  // namespace fastcnn
