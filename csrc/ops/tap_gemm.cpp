#include "ops/tap_gemm.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/memory.h"

namespace fastcnn {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Images are tiled together until they hold this many pixels: enough full tiles, yet few enough
// that their rows of A stay in L2.
constexpr int64_t kSetPixels = 112;
// Panels of B that a work item goes through must stay in L2 beside A.
constexpr int64_t kPanelBlockBytes = 320 << 10;
// A work item should take about 40 microseconds, so that threads end together ...
constexpr double kItemFlops = 4e6;
// ... and there should be at least so many.
constexpr int64_t kLeastItems = 8;
// Numbers of A that each tap reads before C goes back to memory. Rows that only one tap reads are
// met again for the next panel alone: 14 rows of 256 stay in L1 for it.
constexpr int64_t kDepthBlock = 1024;
constexpr int64_t kSingleTapDepthBlock = 256;
// Rows at this distance, in numbers, share their places in an 8-way L1 cache and drive each other
// out, so they are copied side by side first.
constexpr int64_t kAliasedDistance = 1024;
// Between copied rows: a cache line, so that they in turn do not share places.
constexpr int64_t kCopyGap = 16;
// Panels that a copy should serve at least, even where they then come from L3.
constexpr int64_t kPanelsPerCopy = 4;

}  // namespace

std::vector<AxisRun> runs_of(const AxisReads& axis) {
  const auto taps = static_cast<int64_t>(axis.offset.size());
  // Position from which tap t lies inside, and from which it no longer does.
  const auto enters = [&](int64_t t) {
    const int64_t offset = axis.offset[static_cast<size_t>(t)];
    return offset >= 0 ? 0 : ceil_div(-offset, axis.step);
  };
  const auto leaves = [&](int64_t t) {
    const int64_t room = axis.size - axis.offset[static_cast<size_t>(t)];
    return room <= 0 ? 0 : ceil_div(room, axis.step);
  };
  std::vector<AxisRun> runs;
  int64_t i = 0;
  while (i < axis.positions) {
    // Offsets ascend, so later taps enter earlier and leave earlier: [first, last) are inside.
    int64_t last = taps;
    while (last > 0 && i >= leaves(last - 1)) --last;
    int64_t first = 0;
    while (first < last && i < enters(first)) ++first;
    int64_t end = axis.positions;
    for (int64_t t = 0; t < taps; ++t)
      for (const int64_t edge : {enters(t), leaves(t)})
        if (edge > i) end = std::min(end, edge);
    runs.push_back({i, end, first, last});
    i = end;
  }
  return runs;
}

TapGemm::TapGemm(TapGemmShape shape) : kernels_(kernels()), shape_(std::move(shape)) {
  int64_t pixels = 0;
  for (const Box& box : shape_.boxes) {
    pixels += box.height * box.width;
    max_taps_ = std::max(max_taps_, static_cast<int64_t>(box.taps.size()));
    flops_ += 2.0 * static_cast<double>(shape_.images * box.height * box.width) *
              static_cast<double>(static_cast<int64_t>(box.taps.size()) * box.depth) *
              static_cast<double>(shape_.columns * shape_.groups);
  }
  row_pixels_ = shape_.pooled ? kPooledPixels : 1;
  flops_ *= static_cast<double>(row_pixels_);
  rows_ = kernels_.gemm_rows / row_pixels_;
  int64_t vectors = kernels_.gemm_vectors;
  if (!shape_.pooled && shape_.images * pixels <= kernels_.gemm_wide_rows &&
      shape_.columns > kernels_.gemm_vectors * kernels_.lanes) {
    rows_ = kernels_.gemm_wide_rows;
    vectors = kernels_.gemm_wide_vectors;
  }
  vectors = std::min(vectors, ceil_div(std::max<int64_t>(shape_.columns, 1), kernels_.lanes));
  width_ = vectors * kernels_.lanes;
  panels_ = ceil_div(shape_.columns, width_);
  checked_product(checked_product(panels_ * width_, shape_.groups, "packed filters"), shape_.b_rows,
                  "packed filters");
  if (pixels == 0 || shape_.images == 0 || panels_ == 0) {
    set_images_ = 1;
    return;
  }
  set_images_ = std::clamp<int64_t>(ceil_div(kSetPixels, pixels), 1, shape_.images);
  tiles_ = tiles_of(set_images_);
  last_tiles_ = tiles_of(shape_.images % set_images_);
  choose_blocks();
}

TapGemm::TileSet TapGemm::tiles_of(int64_t images) const {
  TileSet set;
  for (const Box& box : shape_.boxes)
    set.end.push_back(set.count() + ceil_div(images * box.height * box.width, rows_));
  return set;
}

TapGemm::Tile TapGemm::tile_at(const TileSet& set, int64_t images, int64_t index,
                               size_t box) const {
  while (index >= set.end[box]) ++box;
  const int64_t first = box == 0 ? 0 : set.end[box - 1];
  const int64_t count = set.end[box] - first;
  const int64_t pixels = images * shape_.boxes[box].height * shape_.boxes[box].width;
  // Dealt out evenly: 64 pixels are 13 + 13 + 13 + 13 + 12, not 14 * 4 + 8.
  const int64_t i = index - first;
  const int64_t more = pixels % count;
  return {box, i * (pixels / count) + std::min(i, more), pixels / count + (i < more ? 1 : 0)};
}

void TapGemm::choose_blocks() {
  for (const Box& box : shape_.boxes) max_depth_ = std::max(max_depth_, box.depth);
  // A pooled sum has to be complete before its maximum is known.
  const int64_t limit =
      shape_.pooled ? max_depth_ : (max_taps_ == 1 ? kSingleTapDepthBlock : kDepthBlock);
  depth_block_ = ceil_div(max_depth_, ceil_div(max_depth_, limit));
  copies_rows_ = !shape_.pooled && max_depth_ >= kCopyGap && shape_.columns > 0;
  for (const Box& box : shape_.boxes)
    copies_rows_ = copies_rows_ && box.a_column % kAliasedDistance == 0 && box.a_column > 0;
  const int64_t rows = std::min(shape_.b_rows, depth_block_ * std::max<int64_t>(1, max_taps_));
  const int64_t panel_bytes = std::max<int64_t>(1, rows * width_ * 4);
  panel_block_ = std::clamp<int64_t>(kPanelBlockBytes / panel_bytes, 1, panels_);
  if (copies_rows_) panel_block_ = std::max(panel_block_, std::min(panels_, kPanelsPerCopy));
  panel_block_ = ceil_div(panels_, ceil_div(panels_, panel_block_));

  const int64_t sets = shape_.images / set_images_;
  const double tile_flops = flops_ / static_cast<double>(shape_.groups * panels_) /
                            static_cast<double>(shape_.images) * static_cast<double>(set_images_) /
                            static_cast<double>(tiles_.count());
  const auto count = [&] {
    set_blocks_ = ceil_div(tiles_.count(), tile_block_);
    last_blocks_ = ceil_div(last_tiles_.count(), tile_block_);
    items_ = ceil_div(panels_, panel_block_) * shape_.groups * (sets * set_blocks_ + last_blocks_);
    return items_;
  };
  const int64_t tiles = tiles_.count();
  tile_block_ = std::clamp<int64_t>(
      static_cast<int64_t>(kItemFlops /
                           std::max(1.0, tile_flops * static_cast<double>(panel_block_))),
      1, tiles);
  while (count() < kLeastItems && tile_block_ > 4) tile_block_ = ceil_div(tile_block_, 2);
  while (count() < kLeastItems && panel_block_ > 1) panel_block_ = ceil_div(panel_block_, 2);
  while (count() < kLeastItems && tile_block_ > 1) tile_block_ = ceil_div(tile_block_, 2);
}

int64_t TapGemm::packed_bytes() const {
  return shape_.groups * panels_ * shape_.b_rows * width_ * 4;
}

float* TapGemm::panel(std::byte* packed, int64_t group, int64_t panel) const {
  return reinterpret_cast<float*>(packed) + (group * panels_ + panel) * shape_.b_rows * width_;
}

int64_t TapGemm::column_count(int64_t p) const {
  return std::min(width_, shape_.columns - p * width_);
}

std::string TapGemm::layout() const {
  return "panels of " + std::to_string(width_) + " for " + std::to_string(shape_.groups) +
         " groups";
}

// Rows of A for every tap, rows of B, and base, C and argmax rows of one tile.
int64_t TapGemm::pointer_bytes() const {
  return align_up((max_taps_ * (rows_ * row_pixels_ + 1) + 3 * rows_) *
                  static_cast<int64_t>(sizeof(void*)));
}

int64_t TapGemm::thread_scratch_bytes() const {
  return pointer_bytes() +
         (copies_rows_ ? align_up(max_taps_ * rows_ * (depth_block_ + kCopyGap) * 4) : 0);
}

void TapGemm::run(int64_t item, const float* a, const float* b, const float* bias, float* c,
                  uint8_t* argmax, std::byte* thread_scratch) const noexcept {
  const auto** a_rows = reinterpret_cast<const float**>(thread_scratch);
  const float** b_rows = a_rows + max_taps_ * rows_ * row_pixels_;
  const float** base = b_rows + max_taps_;
  auto** c_rows = const_cast<float**>(base + rows_);
  auto** argmax_rows = reinterpret_cast<uint8_t**>(c_rows + rows_);
  const float* c_start = c;
  auto* copies = reinterpret_cast<float*>(thread_scratch + pointer_bytes());

  // Items of one panel block are neighbours, so a thread keeps its panels in cache.
  const int64_t sets = shape_.images / set_images_;
  const int64_t blocks = sets * set_blocks_ + last_blocks_;
  int64_t block = item % blocks;
  const int64_t group = item / blocks % shape_.groups;
  const int64_t panel_from = item / blocks / shape_.groups * panel_block_;
  const int64_t panel_to = std::min(panel_from + panel_block_, panels_);
  const int64_t set = std::min(block / set_blocks_, sets);
  block -= set * set_blocks_;
  const TileSet& tiles = set < sets ? tiles_ : last_tiles_;
  const int64_t images = set < sets ? set_images_ : shape_.images % set_images_;
  const int64_t tile_from = block * tile_block_;
  const int64_t tile_to = std::min(tile_from + tile_block_, tiles.count());
  a += set * set_images_ * shape_.a_image + group * shape_.a_group;
  c += set * set_images_ * shape_.c_image + group * shape_.c_group;

  GemmTile g{};
  g.a = a_rows;
  g.b = b_rows;
  const bool in_place = shape_.b_stride > 0;
  g.b_stride = in_place ? shape_.b_stride : width_;
  for (int64_t k = 0; k < max_depth_; k += depth_block_) {
    Tile tile{};
    for (int64_t i = tile_from; i < tile_to; ++i) {
      tile = tile_at(tiles, images, i, tile.box);
      const Box& box = shape_.boxes[tile.box];
      if (k > 0 && k >= box.depth) continue;
      const auto taps = static_cast<int64_t>(box.taps.size());
      int64_t column = tile.start % box.width;
      int64_t row = tile.start / box.width % box.height;
      int64_t image = tile.start / box.width / box.height;
      // Row by row of the box, so that the inner loop only adds.
      for (int64_t m = 0; m < tile.rows; column = 0) {
        const int64_t run = std::min(box.width - column, tile.rows - m);
        const float* a_pixel =
            a + image * shape_.a_image + box.a_origin + row * box.a_row + column * box.a_column + k;
        float* c_pixel = c + image * shape_.c_image + box.c_origin + row * box.c_row +
                         column * box.c_column + panel_from * width_;
        for (int64_t i_run = 0; i_run < run; ++i_run) {
          base[m + i_run] = a_pixel + i_run * box.a_column;
          c_rows[m + i_run] = c_pixel + i_run * box.c_column;
        }
        m += run;
        if (++row == box.height) {
          row = 0;
          ++image;
        }
      }
      g.rows = tile.rows * row_pixels_;
      for (int64_t t = 0; t < taps; ++t) {
        const int64_t offset = box.taps[static_cast<size_t>(t)].a_offset;
        const float** rows = a_rows + t * g.rows;
        if (shape_.pooled)
          for (int64_t m = 0; m < g.rows; ++m)
            rows[m] = base[m / kPooledPixels] + offset +
                      shape_.window_offset[static_cast<size_t>(m % kPooledPixels)];
        else
          for (int64_t m = 0; m < g.rows; ++m) rows[m] = base[m] + offset;
      }
      g.batch = taps;
      g.depth = std::min(depth_block_, box.depth - k);
      if (copies_rows_)
        for (int64_t m = 0; m < taps * tile.rows; ++m) {
          float* copy = copies + m * (depth_block_ + kCopyGap);
          std::memcpy(copy, a_rows[m], static_cast<size_t>(g.depth) * sizeof(float));
          a_rows[m] = copy;
        }
      const bool last = k + depth_block_ >= box.depth;
      g.accumulate = k > 0;
      g.activation = last ? shape_.activation : Activation::none;
      g.c = c_rows;
      g.argmax = argmax != nullptr ? argmax_rows : nullptr;
      for (int64_t p = panel_from; p < panel_to; ++p) {
        const float* panel =
            b + k * g.b_stride +
            (in_place ? p * width_ : (group * panels_ + p) * shape_.b_rows * width_);
        for (int64_t t = 0; t < taps; ++t)
          b_rows[t] = panel + box.taps[static_cast<size_t>(t)].b_row * g.b_stride;
        g.columns = column_count(p);
        g.bias = k == 0 && bias != nullptr ? bias + group * shape_.columns + p * width_ : nullptr;
        if (shape_.pooled) {
          for (int64_t m = 0; argmax != nullptr && m < tile.rows; ++m)
            argmax_rows[m] = argmax + (c_rows[m] - c_start);
          kernels_.gemm_tile_pooled(g);
        } else {
          kernels_.gemm_tile(g);
        }
        for (int64_t m = 0; m < tile.rows; ++m) c_rows[m] += width_;
      }
    }
  }
}

}  // namespace fastcnn
