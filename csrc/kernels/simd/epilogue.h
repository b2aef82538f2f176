#pragma once
#include <cstdint>

namespace fastcnn {

// What is applied to a finished value before it is stored.
enum class Activation : int32_t { none, relu, sigmoid, tanh };

// Pixels of the window whose largest value gemm_tile_pooled stores: 2 x 2, in row-major order.
constexpr int64_t kPooledPixels = 4;

}  // namespace fastcnn
