#include "ops/convolution/implicit_gemm_filter_grad.h"

#include <algorithm>

#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/table.h"
#include "kernels/reduction/table.h"

namespace fastcnn {
namespace {

// Pixel rows of A and B that one pass over the tiles reads; they stay in L2.
constexpr int64_t kChunkBytes = 384 << 10;
// All parts together may hold so many numbers.
constexpr int64_t kPartNumbers = int64_t{2} << 20;
constexpr int64_t kMostParts = 16;
constexpr int64_t kWantedItems = 16;
// Each number of a part is written and read once more; that should cost about a twentieth of the
// products, which at 110 GFLOP/s and 50 GB/s is so many flops a number.
constexpr double kFlopsPerPartNumber = 350;
// Numbers that one item of the second phase adds up.
constexpr int64_t kSumNumbers = 4096;

}  // namespace

ImplicitGemmFilterGrad::ImplicitGemmFilterGrad(ImplicitGemmFilterGradShape shape)
    : kernels_(kernels()), shape_(std::move(shape)) {
  const int64_t all_rows = shape_.images * shape_.planes * shape_.rows;
  tile_columns_ = kernels_.gemm.gemm_vectors * kernels_.lanes;
  row_tiles_ = ceil_div(shape_.tap_rows, kernels_.gemm.gemm_rows);
  column_tiles_ = ceil_div(shape_.columns, tile_columns_);
  tiles_ = static_cast<int64_t>(shape_.taps.size()) * shape_.groups * column_tiles_ * row_tiles_;
  int64_t pixels = 0;
  for (const FilterGradTap& tap : shape_.taps)
    pixels += (tap.plane_end - tap.plane_begin) * (tap.row_end - tap.row_begin) * tap.pixels *
              shape_.images;
  const int64_t numbers = shape_.c_rows * shape_.groups * shape_.columns;
  flops_ = 2.0 * static_cast<double>(pixels) *
           static_cast<double>(shape_.tap_rows * shape_.groups * shape_.columns);
  parts_ = std::min(
      {kMostParts, std::max<int64_t>(1, all_rows),
       std::max<int64_t>(1, kPartNumbers / std::max<int64_t>(1, numbers)),
       std::max<int64_t>(1, static_cast<int64_t>(
                                flops_ / (kFlopsPerPartNumber *
                                          static_cast<double>(std::max<int64_t>(1, numbers)))))});
  tile_blocks_ =
      std::clamp<int64_t>(ceil_div(kWantedItems, parts_), 1, std::max<int64_t>(1, tiles_));
  const FilterGradGather& gather = shape_.gather;
  gathered_width_ = ceil_div(gather.count, kernels_.lanes) * kernels_.lanes;
  const int64_t a_row = gather.count > 0 ? gather.row_step * gathered_row() : shape_.a_row;
  const int64_t row_bytes = 4 * (std::abs(a_row) + std::abs(shape_.b_row));
  chunk_ = std::clamp<int64_t>(kChunkBytes / std::max<int64_t>(1, row_bytes), 1,
                               std::max<int64_t>(1, ceil_div(all_rows, parts_)));
}

// Tiles of a tap follow each other, so that its list of segments is made once.
ImplicitGemmFilterGrad::Tile ImplicitGemmFilterGrad::tile_at(int64_t index) const {
  const int64_t m = index % row_tiles_;
  const int64_t n = index / row_tiles_ % column_tiles_;
  const int64_t group = index / row_tiles_ / column_tiles_ % shape_.groups;
  const int64_t row = shape_.tap_rows * m / row_tiles_;
  return {index / row_tiles_ / column_tiles_ / shape_.groups,
          group,
          row,
          shape_.tap_rows * (m + 1) / row_tiles_ - row,
          n * tile_columns_,
          std::min(tile_columns_, shape_.columns - n * tile_columns_)};
}

int64_t ImplicitGemmFilterGrad::items(int phase) const {
  const int64_t numbers = shape_.c_rows * shape_.groups * shape_.columns;
  if (numbers == 0) return 0;
  return phase == 0 ? parts_ * tile_blocks_ : ceil_div(numbers, kSumNumbers);
}

int64_t ImplicitGemmFilterGrad::scratch_bytes() const {
  return parts_ > 1 ? parts_ * shape_.c_rows * shape_.groups * shape_.columns * 4 : 0;
}

int64_t ImplicitGemmFilterGrad::thread_scratch_bytes() const {
  const int64_t segments = align_up(chunk_ * static_cast<int64_t>(sizeof(Segment)));
  if (shape_.gather.count == 0) return segments;
  const int64_t rows = (chunk_ - 1) * shape_.gather.row_step + shape_.gather.reach;
  return segments + rows * gathered_row() * 4;
}

void ImplicitGemmFilterGrad::run(int phase, int64_t item, const float* a, const float* b, float* c,
                                 const Buffers& at) const noexcept {
  if (phase == 0) return sum_part(item, a, b, c, at);
  const int64_t numbers = shape_.c_rows * shape_.groups * shape_.columns;
  const int64_t begin = item * kSumNumbers;
  kernels_.reduction.sum_rows(parts_, std::min(kSumNumbers, numbers - begin),
                              reinterpret_cast<const float*>(at.scratch) + begin, numbers,
                              c + begin);
}

// The pixel rows [from, to), counted over all planes of all images, that the tap sees.
int64_t ImplicitGemmFilterGrad::add_segments(const FilterGradTap& tap, int64_t from, int64_t to,
                                             const float* a, const float* b, Gathered gathered,
                                             Segment* segments) const noexcept {
  if (from >= to) return 0;  // also where there is no row to divide by
  int64_t count = 0;
  int64_t image = from / shape_.rows / shape_.planes;
  int64_t plane = from / shape_.rows % shape_.planes;
  int64_t row = from % shape_.rows;
  for (int64_t i = from; i < to; ++i) {
    if (row >= tap.row_begin && row < tap.row_end && plane >= tap.plane_begin &&
        plane < tap.plane_end && tap.pixels > 0) {
      const int64_t read = row * shape_.gather.row_step + tap.a_offset;
      segments[count++] = {
          shape_.gather.count > 0 ? gathered.numbers + (read - gathered.first) * gathered_row()
                                  : a + image * shape_.a_image + plane * shape_.a_plane +
                                        row * shape_.a_row + tap.a_offset,
          b + image * shape_.b_image + plane * shape_.b_plane + row * shape_.b_row + tap.b_offset,
          tap.pixels};
    }
    if (++row < shape_.rows) continue;
    row = 0;
    if (++plane < shape_.planes) continue;
    plane = 0;
    ++image;
  }
  return count;
}

void ImplicitGemmFilterGrad::gather_row(const float* row, float* to) const noexcept {
  const FilterGradGather& g = shape_.gather;
  // Pixels [begin, end) have all their numbers in the row.
  const int64_t begin = std::clamp<int64_t>(ceil_div(-g.first, g.step), 0, g.pixels);
  const int64_t room = g.limit - g.count - g.first;
  const int64_t end = std::clamp<int64_t>(room < 0 ? 0 : room / g.step + 1, begin, g.pixels);
  kernels_.gemm.pack_rows(end - begin, g.count, gathered_width_, row + begin * g.step + g.first,
                          g.step, to + begin * gathered_width_);
  const auto cut_off = [&](int64_t j) {
    for (int64_t i = 0; i < g.count; ++i) {
      const int64_t at = j * g.step + g.first + i;
      to[j * gathered_width_ + i] = at >= 0 && at < g.limit ? row[at] : 0;
    }
  };
  for (int64_t j = 0; j < begin; ++j) cut_off(j);
  for (int64_t j = end; j < g.pixels; ++j) cut_off(j);
}

ImplicitGemmFilterGrad::Gathered ImplicitGemmFilterGrad::gather(const FilterGradTap& tap,
                                                                int64_t from, int64_t to,
                                                                const float* a,
                                                                float* to_rows) const noexcept {
  const FilterGradGather& g = shape_.gather;
  const int64_t image = from / shape_.rows / shape_.planes;
  const int64_t plane = from / shape_.rows % shape_.planes;
  if (plane < tap.plane_begin || plane >= tap.plane_end) return {};
  a += image * shape_.a_image + (plane * g.plane_step + tap.a_plane) * g.rows * g.limit;
  const int64_t row = from % shape_.rows;
  const int64_t top = row * g.row_step + g.top;
  const int64_t first = std::max<int64_t>(0, top);
  const int64_t last = std::min(g.rows, top + (to - from - 1) * g.row_step + g.reach);
  for (int64_t y = first; y < last; ++y)
    gather_row(a + y * g.limit, to_rows + (y - first) * gathered_row());
  return {to_rows, first};
}

void ImplicitGemmFilterGrad::sum_part(int64_t item, const float* a, const float* b, float* c,
                                      const Buffers& at) const noexcept {
  auto* segments = reinterpret_cast<Segment*>(at.thread_scratch);
  const int64_t c_stride = shape_.groups * shape_.columns;
  const int64_t part = item / tile_blocks_;
  const int64_t block = item % tile_blocks_;
  if (parts_ > 1) c = reinterpret_cast<float*>(at.scratch) + part * shape_.c_rows * c_stride;
  const int64_t tile_from = tiles_ * block / tile_blocks_;
  const int64_t tile_to = tiles_ * (block + 1) / tile_blocks_;
  const int64_t all_rows = shape_.images * shape_.planes * shape_.rows;
  const int64_t row_from = all_rows * part / parts_;
  const int64_t row_to = all_rows * (part + 1) / parts_;

  TransposedGemmTile g{};
  g.segment = segments;
  const bool gathers = shape_.gather.count > 0;
  auto* gathered_rows = reinterpret_cast<float*>(
      at.thread_scratch + align_up(chunk_ * static_cast<int64_t>(sizeof(Segment))));
  g.a_stride = gathers ? gathered_width_ : shape_.a_pixel;
  g.b_stride = shape_.b_pixel;
  g.c_stride = c_stride;
  // At least one pass, so that an empty sum writes zeros.
  int64_t from = row_from;
  do {
    int64_t to = std::min(from + chunk_, row_to);
    Gathered gathered{};
    // Rows of one plane are gathered together.
    if (gathers && from < to) to = std::min(to, (from / shape_.rows + 1) * shape_.rows);
    const FilterGradTap* gathered_for = nullptr;
    g.accumulate = from > row_from;
    int64_t listed = -1;
    for (int64_t i = tile_from; i < tile_to; ++i) {
      const Tile tile = tile_at(i);
      const FilterGradTap& tap = shape_.taps[static_cast<size_t>(tile.tap)];
      if (tile.tap != listed) {
        if (gathers && from < to &&
            (gathered_for == nullptr || gathered_for->a_plane != tap.a_plane)) {
          gathered = gather(tap, from, to, a, gathered_rows);
          gathered_for = &tap;
        }
        g.segments = add_segments(tap, from, to, a, b, gathered, segments);
        listed = tile.tap;
      }
      if (g.segments == 0 && g.accumulate) continue;
      g.rows = tile.rows;
      g.columns = tile.columns;
      g.a_offset = tile.group * shape_.a_group + tile.row;
      g.b_offset = tile.group * shape_.b_group + tile.column;
      g.c = c + (tap.c_row + tile.row) * c_stride + tile.group * shape_.columns + tile.column;
      kernels_.gemm.gemm_tile_transposed(g);
    }
    from = to;
  } while (from < row_to);
}

}  // namespace fastcnn
