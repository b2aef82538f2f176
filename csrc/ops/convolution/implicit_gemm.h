#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/operator.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/args.h"
#include "kernels/simd/epilogue.h"

namespace fastcnn {

// What forward convolution, its input gradient, dense layers and GEMM share: every output pixel
// is a sum over taps of (a row of A at a fixed distance from the pixel) times (rows of B).
//
// No im2col: A is read in place. Pixels that see the same taps form a region; a register tile never
// mixes regions, so padding costs neither a branch nor a multiplication.

// How positions along one axis read A. Position i reads i * step + offset[t] for every tap t
// that lies inside [0, size). Offsets ascend.
struct AxisReads {
  int64_t positions;
  int64_t step;
  int64_t size;
  std::vector<int64_t> offset;
};

// Positions [begin, end) that read the same taps [first, last).
struct AxisRun {
  int64_t begin, end;
  int64_t first, last;
};

// Cuts an axis into runs, in order; together they hold every position.
std::vector<AxisRun> runs_of(const AxisReads& axis);

// A tap of a region: where A is read, relative to the pixel, and which rows of packed B it meets.
struct FilterTap {
  int64_t a_offset;
  int64_t b_row;
};

// A cuboid of output pixels that share their taps. Distances are in floats.
struct OutputRegion {
  int64_t planes, height, width;
  int64_t a_origin, a_plane, a_row, a_column;
  int64_t c_origin, c_plane, c_row, c_column;
  std::vector<FilterTap> taps;
  int64_t depth;  // contiguous numbers of A that each tap reads

  int64_t pixels() const { return planes * height * width; }
};

// Everything about one product but the data.
struct ImplicitGemmShape {
  int64_t images;   // repetitions of the regions
  int64_t a_image;  // distances between them
  int64_t c_image;
  std::vector<OutputRegion> regions;
  int64_t groups;  // independent products over slices of the channels
  int64_t a_group, c_group;
  int64_t columns;       // of C in one group
  int64_t b_rows;        // of packed B in one group
  int64_t b_stride = 0;  // between rows of B where it is read in place; 0 where it is packed
  // B is packed column by column, each contiguous: [group][column][b_rows]. See narrow_n_pays().
  bool narrow_n = false;
  Activation activation = Activation::none;
  // Of every 2 x 2 pixels only the largest value is stored: a pixel of a region is such a window
  // then, and these are the distances in A of its four from the first. Activation: none or ReLU.
  bool pooled = false;
  std::array<int64_t, kPooledPixels> window_offset{};
};

struct ImplicitGemmBuffers {
  const float* a;
  const float* b;         // packed, or in place
  const float* bias;      // groups * columns numbers, or null
  const float* residual;  // lies as c, which it may be; or null, as for a pooled product
  float* c;
  uint8_t* argmax;  // null, or for a pooled product which pixel of its window each number is from
};

// Cuts the product into work items and runs them. The caller packs B.
class ImplicitGemm {
 public:
  explicit ImplicitGemm(ImplicitGemmShape shape);

  int64_t items() const { return items_; }
  void run(int64_t item, const ImplicitGemmBuffers& at, std::byte* thread_scratch) const noexcept;
  int64_t thread_scratch_bytes() const;
  double flops() const { return flops_; }

  // Unless columns are few, B is packed in panels of `panel_width` columns:
  // [group][panel][row][panel_width].
  int64_t panel_width() const { return width_; }
  int64_t panels() const { return panels_; }
  int64_t packed_bytes() const;
  float* panel(std::byte* packed, int64_t group, int64_t panel) const;
  // Columns of C that panel p holds: [first, first + count).
  int64_t first_column(int64_t p) const { return p * width_; }
  int64_t column_count(int64_t p) const;
  // Names the layout of packed B.
  std::string layout() const;

 private:
  // How the tiles of one region are dealt out: evenly, the first `longer` with a row more.
  struct Dealt {
    int64_t end;  // tiles of this and all regions before
    int64_t rows;
    int64_t longer;
  };
  // Tiles of a set of images. Counted, not listed, so that preparing an operator costs the same for
  // any image size.
  struct TileSet {
    std::vector<Dealt> regions;
    int64_t count() const { return regions.empty() ? 0 : regions.back().end; }
  };
  struct Tile {
    size_t region;
    int64_t start, rows;  // pixels of the region, counted over all images of the set
  };
  struct Placed;
  class Walk;
  TileSet tiles_of(int64_t images) const;
  void choose_blocks();
  bool can_store_non_temporal() const;
  int64_t pointer_bytes() const;

  const KernelTable& kernels_;
  ImplicitGemmShape shape_;
  int64_t rows_;             // largest tile: rows of C
  int64_t row_pixels_;       // rows of A for each row of C
  int64_t width_;            // columns of a panel
  int64_t panels_;           // of one group
  int64_t set_images_;       // images that are tiled together
  TileSet tiles_;            // of a full set
  TileSet last_tiles_;       // of the last, smaller set
  int64_t tile_block_ = 1;   // tiles of an item
  int64_t panel_block_ = 1;  // panels of an item
  int64_t depth_block_ = 0;  // numbers of A a tap reads before C is put aside
  int64_t set_blocks_ = 0;   // items of a full set, for one panel block
  int64_t last_blocks_ = 0;
  int64_t items_ = 0;
  bool copies_rows_ = false;                // rows of A are first copied side by side
  bool prefetches_ = false;                 // A is larger than the caches next to the core
  bool non_temporal_ = false;               // C is larger than all caches
  std::vector<std::vector<GemmTap>> taps_;  // of each region
  int64_t max_taps_ = 0;
  int64_t max_depth_ = 1;  // at least one pass, which stores act(bias), where nothing is read
  double flops_ = 0;
};

}  // namespace fastcnn
