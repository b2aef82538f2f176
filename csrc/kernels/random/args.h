#pragma once
#include <cstdint>

namespace fastcnn {

// Elements that start with number 4 * block of the seed.
struct DropoutBlock {
  uint64_t seed;
  uint64_t block;
  uint32_t last_dropped;  // the largest random number whose element becomes zero
  float scale;
  const float* x;
  float* y;
};

}  // namespace fastcnn
