#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "base/partition.h"

namespace fastcnn {

// Gradients of one number a channel, as pairs of rows that work items have left: dgamma, dbeta.
class WeightSums {
 public:
  // More are not worth the time it takes to join them.
  static constexpr int64_t kMost = 64;

  explicit WeightSums(int64_t channels) : channels_{channels, kChannels} {}

  int64_t items() const { return channels_.items(); }

  // dgamma and dbeta of one block of channels: the sums of `count` pairs, `stride` numbers apart.
  void join(int64_t item, int64_t count, int64_t stride, const float* pairs, float* dgamma,
            float* dbeta) const noexcept {
    const int64_t first = channels_.begin(item);
    const auto size = static_cast<size_t>(channels_.size(item));
    std::array<double, kChannels> products{};
    std::array<double, kChannels> sums{};
    for (int64_t p = 0; p < count; ++p) {
      const float* product = pairs + p * stride + first;
      const float* sum = product + channels_.total;
      for (size_t c = 0; c < size; ++c) {
        products[c] += product[c];
        sums[c] += sum[c];
      }
    }
    std::copy_n(products.begin(), size, dgamma + first);
    std::copy_n(sums.begin(), size, dbeta + first);
  }

 private:
  static constexpr int64_t kChannels = 128;
  Split channels_;
};

}  // namespace fastcnn
