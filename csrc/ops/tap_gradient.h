#pragma once
#include <cstdint>
#include <vector>

#include "engine/step.h"
#include "kernels/table.h"

namespace fastcnn {

// What the kernel gradient of a convolution and the product of a transposed matrix share: for
// every tap, C[tap] = sum over pixels of (a column of A at the pixel) times (a row of B there).
// Both are read in place.

// One tap: which pixels it sees and where. Distances are in floats.
struct GradientTap {
  int64_t row_begin, row_end;  // pixel rows of an image that it sees
  int64_t pixels;              // of each such row
  int64_t a_offset, b_offset;  // of its first pixel in pixel row 0
  int64_t c_row;               // its first row of C
};

struct TapGradientShape {
  int64_t images, rows;  // pixel rows of each image
  int64_t a_image, a_row, a_pixel;
  int64_t b_image, b_row, b_pixel;
  std::vector<GradientTap> taps;
  int64_t tap_rows;  // rows of C of each tap: contiguous numbers of A
  int64_t c_rows;    // of all taps
  int64_t columns;   // of C in one group
  int64_t groups, a_group, b_group;
  int64_t last_pixels = -1;  // of the very last pixel row, where it is shorter
};

// Cuts the sums into work items and runs them. Long sums are cut into parts, by shape alone,
// whose results are added in order by a second phase.
class TapGradient {
 public:
  explicit TapGradient(TapGradientShape shape);

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
  Tile tile_at(int64_t index) const;
  int64_t add_segments(const GradientTap& tap, int64_t from, int64_t to, const float* a,
                       const float* b, Segment* segments) const noexcept;
  void sum_part(int64_t item, const float* a, const float* b, float* c,
                const Buffers& at) const noexcept;

  const KernelTable& kernels_;
  TapGradientShape shape_;
  int64_t tile_columns_ = 0;  // of C in a full tile
  int64_t row_tiles_ = 0;     // of a tap
  int64_t column_tiles_ = 0;  // of a group
  int64_t tiles_ = 0;         // of C
  int64_t parts_ = 1;         // pieces of the sum, each with a C of its own
  int64_t tile_blocks_ = 1;   // pieces of the tile list
  int64_t chunk_ = 1;         // pixel rows whose A and B stay in cache
  double flops_ = 0;
};

}  // namespace fastcnn
