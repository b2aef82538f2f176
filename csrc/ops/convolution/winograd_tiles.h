#pragma once
#include <cstdint>

#include "base/partition.h"

namespace fastcnn {

constexpr int64_t kMostTerms = 36;
// Between rows and between terms, in floats: a cache line, so that they do not share places in L1.
constexpr int64_t kGap = 16;

// Where a tile of an image lies, in pixels.
struct TilePlace {
  int64_t image, row, column;
};

// All tiles of a batch of images, in order.
struct TilePlaces {
  int64_t images, height, width, tile;

  int64_t wide() const { return ceil_div(width, tile); }
  int64_t high() const { return ceil_div(height, tile); }
  int64_t count() const { return images * high() * wide(); }
  TilePlace at(int64_t i) const {
    return {i / (high() * wide()), i / wide() % high() * tile, i % wide() * tile};
  }
};

struct Image {
  const float* data;
  int64_t height, width, channels;
};

// Pointers to the side x side pixels of an image from (top, left) on; `zeros` for those outside.
inline void tile_pixels(const Image& image, int64_t number, int64_t top, int64_t left, int64_t side,
                        const float* zeros, const float** pixel) {
  const float* first = image.data + number * image.height * image.width * image.channels;
  for (int64_t r = top; r < top + side; ++r)
    for (int64_t s = left; s < left + side; ++s) {
      const bool inside = r >= 0 && r < image.height && s >= 0 && s < image.width;
      *pixel++ = inside ? first + (r * image.width + s) * image.channels : zeros;
    }
}

}  // namespace fastcnn
