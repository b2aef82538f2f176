#pragma once
#include <cstdint>

namespace fastcnn {

// Rows of bytes, copied; `from` and `to` do not overlap. Distances are in bytes.
struct CopyRows {
  int64_t rows, bytes;
  const uint8_t* from;
  int64_t from_row;
  uint8_t* to;
  int64_t to_row;
  bool non_temporal;  // with non-temporal stores
};

// to[r * to_row + c] = from[r + c * from_step], 4-byte elements.
struct Transpose {
  int64_t rows, columns;
  const float* from;
  int64_t from_step;
  float* to;
  int64_t to_row;
  bool far;           // `from` lies beyond the caches
  bool non_temporal;  // whole squares are written with non-temporal stores; `to` and its rows begin
                      // on cache lines
};

}  // namespace fastcnn
