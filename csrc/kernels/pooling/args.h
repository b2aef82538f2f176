#pragma once
#include <cstdint>

namespace fastcnn {

// One row of pooling windows on the image rows that they reach, or two of which each reaches as
// many. Distances are in floats.
struct PoolWindows {
  int64_t rows;      // of the image, all inside it
  int64_t row;       // distance of two image rows
  int64_t width;     // image columns
  int64_t channels;  // also the distance of two columns
  int64_t windows;   // window j reaches `size` columns from j * stride - pad, where inside
  int64_t size, stride, pad;
  int64_t lines;  // rows of windows: 1, or 2 where windows of 3 x 3 slide by at most 2 both ways
  bool non_temporal;  // y is written with non-temporal stores: it begins on a line, and so does
                      // each pixel
};

// What the gradient of such a row reads and writes: dx lies like x, y and dy hold a pixel for
// each window. Only rows [own_begin, own_end) of dx are written: with `add` added to, else set,
// the columns that no window reaches to zero.
struct PoolGradient {
  const float* x;  // null, as y, where the gradient does not depend on it
  const float* y;
  const float* dy;
  float* dx;
  int64_t own_begin, own_end;
  bool add;
};

// What one window covers along one axis: its first position inside the image, how many are
// inside, and how many an average divides by.
struct PoolTaps {
  int64_t first, count, counted;
};

// One row of pooling windows of any kind, from the first row of the first plane that they reach.
// Distances are in floats.
struct PoolWindowsNd {
  int64_t planes, plane;    // that a window takes, and their distance
  int64_t rows, row;        // of a plane
  int64_t channels, pixel;  // and the distance of two columns
  int64_t windows;
  const PoolTaps* columns;  // of each window
  int64_t column;           // distance of a window's columns
  int64_t counted;          // of planes and rows
};

// The gradient of one row of windows of `size` x `size` that slide by `stride` each way, size -
// stride of their rows and columns shared (pool_sliding.inl). Each row of dx is written once, when
// the last row of windows that reaches it has its turn.
struct SlidingPool {
  int64_t first, end;  // rows of the windows that lie inside the image
  const float* x;      // row 0 of the windows, which may lie outside; null, as y, for an average
  const float* y;
  const float* dy;
  float* dx;       // row 0 of the windows, or null: these windows serve those below them only
  float* carried;  // sums of the size - stride rows that the next windows share, with dx's columns
  bool fresh;      // nothing is kept yet
  bool non_temporal;  // as above, for dx
};

}  // namespace fastcnn
