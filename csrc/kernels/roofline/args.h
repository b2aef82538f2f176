#pragma once
#include <cstdint>

namespace fastcnn {

// Independent sums of fma_chain and of the chains of dot products.
constexpr int kFmaChains = 12;

// How bandwidth_pass goes over memory, and the block of floats that its counts are multiples of.
enum class BandwidthPass : int32_t { read, copy, non_temporal_copy, write, non_temporal_write };
constexpr int64_t kBandwidthBlock = 256;

}  // namespace fastcnn
