#pragma once
#include <cstdint>
#include <vector>

#include "engine/operator.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/args.h"

namespace fastcnn {

// The kernel gradient of a convolution: for every tap, C[tap] = sum over pixels of (a column of A
// at the pixel) times (a row of B there). Both are read in place, but for images of few channels:
// of those the numbers under a filter row are gathered, with zeros for padding, so that a whole
// filter row is one tap.

// One tap: which pixels it sees and where. Distances are in floats.
struct FilterGradTap {
  int64_t plane_begin, plane_end;  // pixel planes of an image that it sees,
  int64_t row_begin, row_end;      // and pixel rows of each
  int64_t pixels;                  // of each such row
  // Of its first pixel in pixel row 0 of plane 0; gathered: the plane of A and the row there.
  int64_t a_offset, b_offset;
  int64_t a_plane;
  int64_t c_row;  // its first row of C
};

// How rows of A are gathered: pixel j gets numbers [j * step + first, + count) of the row, zeros
// outside of [0, limit). Pixel row i reads rows i * row_step + FilterGradTap::a_offset of plane
// p * plane_step + FilterGradTap::a_plane for its own plane p.
struct FilterGradGather {
  int64_t count = 0;  // 0: not at all
  int64_t pixels, step, first, limit;
  int64_t plane_step;
  int64_t rows, row_step;  // rows of a plane of A
  int64_t reach;           // rows from the first to the last that a pixel row reads
  int64_t top;             // the first of those of pixel row 0
};

struct ImplicitGemmFilterGradShape {
  int64_t images, planes, rows;  // pixel planes of each image, pixel rows of each plane
  int64_t a_image, a_plane, a_row, a_pixel;
  int64_t b_image, b_plane, b_row, b_pixel;
  std::vector<FilterGradTap> taps;
  int64_t tap_rows;  // rows of C of each tap: contiguous numbers of A
  int64_t c_rows;    // of all taps
  int64_t columns;   // of C in one group
  int64_t groups, a_group, b_group;
  FilterGradGather gather;
};

// Cuts the sums into work items and runs them. Long sums are cut into parts, by shape alone,
// whose results are added in order by a second phase.
class ImplicitGemmFilterGrad {
 public:
  explicit ImplicitGemmFilterGrad(ImplicitGemmFilterGradShape shape);

  int phases() const { return parts_ > 1 ? 2 : 1; }
  int64_t items(int phase) const;
  int64_t scratch_bytes() const;
  int64_t thread_scratch_bytes() const;
  double flops() const { return flops_; }
  // c: c_rows x (groups * columns) numbers.
  void run(int phase, int64_t item, const float* a, const float* b, float* c,
           const Buffers& at) const noexcept;

 private:
  struct Tile {
    int64_t tap, group;
    int64_t row, rows;        // of the tap
    int64_t column, columns;  // of the group
  };
  // Rows of one plane that pixel rows [from, to) read, gathered; the first of them is `first`.
  struct Gathered {
    const float* numbers;
    int64_t first;
  };
  Tile tile_at(int64_t index) const;
  int64_t add_segments(const FilterGradTap& tap, int64_t from, int64_t to, const float* a,
                       const float* b, Gathered gathered, Segment* segments) const noexcept;
  int64_t gathered_row() const { return shape_.gather.pixels * gathered_width_; }
  void gather_row(const float* row, float* to) const noexcept;
  Gathered gather(const FilterGradTap& tap, int64_t from, int64_t to, const float* a,
                  float* to_rows) const noexcept;
  void sum_part(int64_t item, const float* a, const float* b, float* c,
                const Buffers& at) const noexcept;

  const KernelTable& kernels_;
  ImplicitGemmFilterGradShape shape_;
  int64_t tile_columns_ = 0;  // of C in a full tile
  int64_t row_tiles_ = 0;     // of a tap
  int64_t column_tiles_ = 0;  // of a group
  int64_t tiles_ = 0;         // of C
  int64_t parts_ = 1;         // pieces of the sum, each with a C of its own
  int64_t tile_blocks_ = 1;   // pieces of the tile list
  int64_t chunk_ = 1;         // pixel rows whose A and B stay in cache
  int64_t gathered_width_ = 0;
  double flops_ = 0;
};

}  // namespace fastcnn
