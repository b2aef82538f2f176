#pragma once
#include <cstdint>

#include "kernels/simd/epilogue.h"

namespace fastcnn {

// Transforms of Winograd convolution. A tile is 2 or 4 output pixels wide and high and has
// (tile + 2)^2 terms in row-major order, `term` numbers apart.
struct WinogradInput {
  int64_t tile;
  int64_t channels;
  const float* const* pixel;  // (tile + 2)^2, row-major, each to `channels` numbers
  float* terms;
  int64_t term;
};

struct WinogradFilter {
  int64_t tile;
  int64_t rows, width;  // of each tap; `width` is a whole number of vectors
  const float* taps;    // 9 x rows x width
  float* terms;         // each rows x width
  int64_t term;
};

struct WinogradOutput {
  int64_t tile;
  int64_t columns;  // channels; whole vectors are read
  const float* terms;
  int64_t term;
  const float* bias;      // `columns` numbers or null
  const float* residual;  // what is added, placed as y, or null; not to what is pooled
  Activation activation;
  bool pooled;               // of every 2 x 2 pixels only the largest value is stored
  int64_t rows, row_pixels;  // what is stored of the tile; of pooled pixels where they are
  float* y;
  uint8_t* argmax;  // pooled: as y, which of its pixels each number comes from; or null
  int64_t y_row, y_pixel;
};

// The 3 x 3 numbers of a filter's gradient from its terms.
struct WinogradGradOutput {
  int64_t tile;
  int64_t columns;  // output channels; whole vectors of terms are read
  const float* terms;
  int64_t term;
  float* taps;
  int64_t tap;  // distance of neighbouring taps
};

// An axis of an image under a sliding window: place i of `out` meets the image at
// i * stride + t * dilation - pad for those taps t where that lies in [0, in).
struct WindowPlaces {
  int64_t in, out;
  int64_t taps, stride, dilation, pad;
};

// Some rows of one image of a convolution in which every channel has a filter of its own.
struct DepthwiseRows {
  WindowPlaces rows, columns;
  int64_t begin, end;  // rows of the positions; for the input gradient: of the image
  int64_t channels;
  int64_t pixel;                   // distance of two pixels, of the image and of the positions
  const float* kernel;             // not for the kernel gradient
  int64_t kernel_row, kernel_tap;  // distances of taps; negative where the filter is turned round
  const float* bias;               // `channels` numbers or null; forward only, as the next
  Activation activation;
  bool prefetch;      // the next rows: they are far away
  bool non_temporal;  // the result is written with non-temporal stores: whole lines, on their
                      // boundaries
};

}  // namespace fastcnn
