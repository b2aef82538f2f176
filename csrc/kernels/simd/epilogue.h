#pragma once
#include <cstdint>

namespace fastcnn {

// What is applied to a finished value before it is stored.
enum class Activation : int32_t { none, relu, relu6, sigmoid, tanh, silu, hard_silu, gelu };

// Whether it is so little that kernels apply it while the value is in a register. The others are a
// pass over what a kernel has just stored.
constexpr bool applied_in_registers(Activation activation) {
  return activation <= Activation::relu6;
}

// Pixels of the window whose largest value gemm_tile_pooled stores: 2 x 2, in row-major order.
constexpr int64_t kPooledPixels = 4;

}  // namespace fastcnn
