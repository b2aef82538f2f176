#include "ops/convolution/implicit_gemm.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/table.h"
#include "kernels/simd/epilogue.h"

namespace fastcnn {
namespace {

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
constexpr int64_t kAliasedDistance = 512;
// Where A is larger, what the next tile reads is prefetched ...
constexpr int64_t kPrefetchBytes = 256 << 10;
// ... unless a tap reads so little, two lines, that prefetching would cost more than waiting ...
constexpr int64_t kPrefetchDepth = 32;
// ... and where C is larger, it goes to memory directly: nothing of it would still be in a cache
// when the next operator begins to read it.
constexpr int64_t kNonTemporalBytes = 4 << 20;
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

ImplicitGemm::ImplicitGemm(ImplicitGemmShape shape)
    : kernels_(kernels()), shape_(std::move(shape)) {
  int64_t pixels = 0;
  for (const OutputRegion& region : shape_.regions) {
    pixels += region.pixels();
    max_taps_ = std::max(max_taps_, static_cast<int64_t>(region.taps.size()));
    flops_ += 2.0 * static_cast<double>(shape_.images * region.pixels()) *
              static_cast<double>(static_cast<int64_t>(region.taps.size()) * region.depth) *
              static_cast<double>(shape_.columns * shape_.groups);
  }
  row_pixels_ = shape_.pooled ? kPooledPixels : 1;
  flops_ *= static_cast<double>(row_pixels_);
  rows_ = kernels_.gemm.gemm_rows / row_pixels_;
  int64_t vectors = kernels_.gemm.gemm_vectors;
  if (!shape_.pooled && shape_.images * pixels <= kernels_.gemm.gemm_wide_rows &&
      shape_.columns > kernels_.gemm.gemm_vectors * kernels_.lanes) {
    rows_ = kernels_.gemm.gemm_wide_rows;
    vectors = kernels_.gemm.gemm_wide_vectors;
  }
  vectors = std::min(vectors, ceil_div(std::max<int64_t>(shape_.columns, 1), kernels_.lanes));
  width_ = vectors * kernels_.lanes;
  if (shape_.narrow_n) {
    rows_ = kernels_.gemm.gemm_narrow_sums / shape_.columns;
    width_ = shape_.columns;
  }
  panels_ = ceil_div(shape_.columns, width_);
  checked_product(checked_product(panels_ * width_, shape_.groups, "packed filters"), shape_.b_rows,
                  "packed filters");
  if (pixels == 0 || shape_.images == 0 || panels_ == 0) {
    set_images_ = 1;
    return;
  }
  for (const OutputRegion& region : shape_.regions) {
    const int64_t stride = shape_.narrow_n ? 1 : (shape_.b_stride > 0 ? shape_.b_stride : width_);
    std::vector<GemmTap>& taps = taps_.emplace_back();
    for (const FilterTap& tap : region.taps) taps.push_back({tap.a_offset, tap.b_row * stride});
  }
  set_images_ = std::clamp<int64_t>(ceil_div(kSetPixels, pixels), 1, shape_.images);
  tiles_ = tiles_of(set_images_);
  last_tiles_ = tiles_of(shape_.images % set_images_);
  choose_blocks();
}

ImplicitGemm::TileSet ImplicitGemm::tiles_of(int64_t images) const {
  TileSet set;
  for (const OutputRegion& region : shape_.regions) {
    const int64_t pixels = images * region.pixels();
    const int64_t tiles = ceil_div(pixels, rows_);
    // 64 pixels are 13 + 13 + 13 + 13 + 12, not 14 * 4 + 8.
    set.regions.push_back({set.count() + tiles, pixels / std::max<int64_t>(tiles, 1),
                           pixels % std::max<int64_t>(tiles, 1)});
  }
  return set;
}

void ImplicitGemm::choose_blocks() {
  for (const OutputRegion& region : shape_.regions) max_depth_ = std::max(max_depth_, region.depth);
  // A pooled sum has to be complete before its maximum is known.
  const bool whole = shape_.pooled || shape_.narrow_n;
  const int64_t limit = whole ? max_depth_ : (max_taps_ == 1 ? kSingleTapDepthBlock : kDepthBlock);
  depth_block_ = ceil_div(max_depth_, ceil_div(max_depth_, limit));
  copies_rows_ = !whole && max_depth_ >= kCopyGap && shape_.columns > 0;
  for (const OutputRegion& region : shape_.regions)
    copies_rows_ = copies_rows_ && region.a_column % kAliasedDistance == 0 && region.a_column > 0;
  prefetches_ = shape_.images * shape_.a_image * 4 > kPrefetchBytes && max_depth_ >= kPrefetchDepth;
  non_temporal_ = can_store_non_temporal();
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

int64_t ImplicitGemm::packed_bytes() const {
  return shape_.groups * panels_ * shape_.b_rows * width_ * 4;
}

float* ImplicitGemm::panel(std::byte* packed, int64_t group, int64_t panel) const {
  return reinterpret_cast<float*>(packed) + (group * panels_ + panel) * shape_.b_rows * width_;
}

int64_t ImplicitGemm::column_count(int64_t p) const {
  return std::min(width_, shape_.columns - p * width_);
}

std::string ImplicitGemm::layout() const {
  return (shape_.narrow_n ? "columns, " : "panels of ") + std::to_string(width_) + " for " +
         std::to_string(shape_.groups) + " groups";
}

// Whole vectors of C on their boundaries, each stored once, and more than a cache keeps.
bool ImplicitGemm::can_store_non_temporal() const {
  int64_t pixels = 0;
  int64_t distances = shape_.c_image | shape_.c_group | shape_.columns;
  for (const OutputRegion& region : shape_.regions) {
    pixels += region.pixels();
    distances |= region.c_origin | region.c_plane | region.c_row | region.c_column;
  }
  return !shape_.pooled && applied_in_registers(shape_.activation) && depth_block_ >= max_depth_ &&
         distances % kernels_.lanes == 0 &&
         shape_.images * pixels * shape_.columns * shape_.groups * 4 >= kNonTemporalBytes;
}

// Where the rows of a tile lie, relative to the first.
struct ImplicitGemm::Placed {
  Tile tile;
  int64_t a, c;  // of the first row
  int64_t* a_row;
  int64_t* c_row;
  size_t straight;  // region + 1 while distances are those within a row of its pixels, or 0
};

// Goes through tiles of a set in order and says where they lie.
class ImplicitGemm::Walk {
 public:
  Walk(const ImplicitGemm& gemm, const TileSet& set) : gemm_(gemm), set_(set) {}

  // The region of tile `index`; indices must not fall.
  const OutputRegion& find(int64_t index) {
    while (index >= set_.regions[region_].end) ++region_;
    return gemm_.shape_.regions[region_];
  }

  // Places the tile that was found last.
  void place(int64_t index, Placed& out) {
    const OutputRegion& region = gemm_.shape_.regions[region_];
    const Dealt& dealt = set_.regions[region_];
    const int64_t i = index - (region_ == 0 ? 0 : set_.regions[region_ - 1].end);
    const int64_t start = i * dealt.rows + std::min(i, dealt.longer);
    out.tile = {region_, start, dealt.rows + (i < dealt.longer ? 1 : 0)};
    if (region_ != walked_ || start != pixel_) {
      column_ = start % region.width;
      row_ = start / region.width % region.height;
      plane_ = start / region.width / region.height % region.planes;
      image_ = start / region.width / region.height / region.planes;
      walked_ = region_;
    }
    pixel_ = start + out.tile.rows;
    const int64_t a_first = a_of(region);
    const int64_t c_first = c_of(region);
    out.a = a_first;
    out.c = c_first;
    // Of few columns, rows beyond the tile are read too, so these must not leave the image.
    const bool all_exist = !gemm_.shape_.narrow_n || out.tile.rows == gemm_.rows_;
    if (column_ + out.tile.rows <= region.width && all_exist) {
      if (out.straight != region_ + 1)
        for (int64_t m = 0; m < gemm_.rows_; ++m)
          put(m, m * region.a_column, m * region.c_column, out);
      out.straight = region_ + 1;
      advance(region, out.tile.rows);
      return;
    }
    out.straight = 0;
    int64_t m = 0;
    while (m < out.tile.rows) {
      const int64_t run = std::min(region.width - column_, out.tile.rows - m);
      const int64_t a = a_of(region) - a_first;
      const int64_t c = c_of(region) - c_first;
      for (int64_t j = 0; j < run; ++j)
        put(m + j, a + j * region.a_column, c + j * region.c_column, out);
      m += run;
      advance(region, run);
    }
    // A tile before this one may have a row more, for which it prefetches the cache.
    for (; m < gemm_.rows_; ++m) put(m, 0, 0, out);
  }

 private:
  int64_t a_of(const OutputRegion& region) const {
    return image_ * gemm_.shape_.a_image + region.a_origin + plane_ * region.a_plane +
           row_ * region.a_row + column_ * region.a_column;
  }
  int64_t c_of(const OutputRegion& region) const {
    return image_ * gemm_.shape_.c_image + region.c_origin + plane_ * region.c_plane +
           row_ * region.c_row + column_ * region.c_column;
  }
  void put(int64_t m, int64_t a, int64_t c, Placed& out) const {
    out.c_row[m] = c;
    if (!gemm_.shape_.pooled) {
      out.a_row[m] = a;
      return;
    }
    for (int64_t pixel = 0; pixel < kPooledPixels; ++pixel)
      out.a_row[m * kPooledPixels + pixel] =
          a + gemm_.shape_.window_offset[static_cast<size_t>(pixel)];
  }
  void advance(const OutputRegion& region, int64_t pixels) {
    column_ += pixels;
    if (column_ < region.width) return;
    column_ = 0;
    if (++row_ < region.height) return;
    row_ = 0;
    if (++plane_ < region.planes) return;
    plane_ = 0;
    ++image_;
  }

  const ImplicitGemm& gemm_;
  const TileSet& set_;
  size_t region_ = 0;
  // The pixel after the tile that was placed last.
  size_t walked_ = 0;
  int64_t pixel_ = 0, column_ = 0, row_ = 0, plane_ = 0, image_ = 0;
};

// Distances of the rows of two tiles and of copied rows, and taps of copied rows.
int64_t ImplicitGemm::pointer_bytes() const {
  constexpr auto kEach = static_cast<int64_t>(sizeof(int64_t));
  return align_up((2 * rows_ * (row_pixels_ + 1) + rows_) * kEach +
                  max_taps_ * static_cast<int64_t>(sizeof(GemmTap)));
}

int64_t ImplicitGemm::thread_scratch_bytes() const {
  return pointer_bytes() +
         (copies_rows_ ? align_up(max_taps_ * rows_ * (depth_block_ + kCopyGap) * 4) : 0);
}

void ImplicitGemm::run(int64_t item, const ImplicitGemmBuffers& at,
                       std::byte* thread_scratch) const noexcept {
  auto* numbers = reinterpret_cast<int64_t*>(thread_scratch);
  Placed placed[2]{};
  for (Placed& place : placed) {
    place.a_row = numbers;
    place.c_row = numbers + rows_ * row_pixels_;
    numbers += rows_ * (row_pixels_ + 1);
  }
  int64_t* copy_row = numbers;
  auto* copy_tap = reinterpret_cast<GemmTap*>(numbers + rows_);
  auto* copies = reinterpret_cast<float*>(thread_scratch + pointer_bytes());
  const int64_t copy_distance = depth_block_ + kCopyGap;
  for (int64_t m = 0; copies_rows_ && m < rows_; ++m) copy_row[m] = m * copy_distance;

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
  const int64_t tile_from = block * tile_block_;
  const int64_t tile_to = std::min(tile_from + tile_block_, tiles.count());
  const float* a = at.a + set * set_images_ * shape_.a_image + group * shape_.a_group;
  float* c = at.c + set * set_images_ * shape_.c_image + group * shape_.c_group;

  GemmTile g{};
  const bool in_place = shape_.b_stride > 0;
  g.b_stride = in_place ? shape_.b_stride : (shape_.narrow_n ? shape_.b_rows : width_);
  g.non_temporal = non_temporal_ && reinterpret_cast<uintptr_t>(at.c) % kAlignment == 0;
  for (int64_t k = 0; k < max_depth_; k += depth_block_) {
    Walk walk(*this, tiles);
    // The first tile from `index` on that has something left to read.
    const auto place_from = [&](int64_t index, Placed& out) {
      while (index < tile_to && k > 0 && k >= walk.find(index).depth) ++index;
      if (index >= tile_to) return tile_to;
      walk.find(index);
      walk.place(index, out);
      return index;
    };
    int64_t next = place_from(tile_from, placed[0]);
    for (int turn = 0; next < tile_to; turn = 1 - turn) {
      const Placed& place = placed[turn];
      const Placed& place_next = placed[1 - turn];
      next = place_from(next + 1, placed[1 - turn]);
      const OutputRegion& region = shape_.regions[place.tile.region];
      g.rows = place.tile.rows * row_pixels_;
      g.batch = static_cast<int64_t>(region.taps.size());
      g.depth = std::min(depth_block_, region.depth - k);
      g.tap = taps_[place.tile.region].data();
      g.a = a + place.a + k;
      g.a_row = place.a_row;
      const bool prefetches =
          prefetches_ && next < tile_to && place_next.tile.region == place.tile.region;
      g.next = prefetches ? a + place_next.a + k : nullptr;
      g.next_row = place_next.a_row;
      g.next_tap = g.tap;
      if (copies_rows_) {
        for (int64_t t = 0; t < g.batch; ++t) {
          for (int64_t m = 0; m < g.rows; ++m)
            std::memcpy(copies + (t * rows_ + m) * copy_distance, g.a + g.tap[t].a + g.a_row[m],
                        static_cast<size_t>(g.depth) * sizeof(float));
          copy_tap[t] = {t * rows_ * copy_distance, g.tap[t].b};
        }
        g.tap = copy_tap;
        g.a = copies;
        g.a_row = copy_row;
      }
      g.activation = k + depth_block_ >= region.depth ? shape_.activation : Activation::none;
      g.c_row = place.c_row;
      for (int64_t p = panel_from; p < panel_to; ++p) {
        g.b = at.b + k * g.b_stride +
              (in_place ? p * width_ : (group * panels_ + p) * shape_.b_rows * width_);
        g.c = c + place.c + p * width_;
        g.columns = column_count(p);
        g.bias =
            k == 0 && at.bias != nullptr ? at.bias + group * shape_.columns + p * width_ : nullptr;
        g.addend = k > 0 ? g.c : at.residual != nullptr ? at.residual + (g.c - at.c) : nullptr;
        if (shape_.pooled) {
          g.argmax = at.argmax != nullptr ? at.argmax + (g.c - at.c) : nullptr;
          kernels_.gemm.gemm_tile_pooled(g);
        } else if (shape_.narrow_n) {
          kernels_.gemm.gemm_tile_narrow(g);
        } else {
          kernels_.gemm.gemm_tile(g);
        }
        g.next = nullptr;
      }
    }
  }
  if (g.non_temporal) kernels_.gemm.non_temporal_stores_end();
}

}  // namespace fastcnn
