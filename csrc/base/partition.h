#pragma once
#include <algorithm>
#include <cstdint>

namespace fastcnn {

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Elements in a work item of an operation that does one cheap thing to each: about 10 us.
constexpr int64_t kItemElements = int64_t{1} << 15;

// What is larger than this is not in the caches when it is next read, so it is written with
// non-temporal stores.
constexpr int64_t kNonTemporalResult = int64_t{16} << 20;

// Whether a result of so many numbers is stored with non-temporal stores: not where it takes the
// place of what has just been read, which is in them.
inline bool non_temporal_pays(const float* y, int64_t elements, const float* x,
                              const float* other = nullptr) {
  return elements >= kNonTemporalResult / 4 && y != x && y != other;
}

// `total` units of work cut into equal runs of `grain` units; a function of shapes alone.
struct Split {
  int64_t total = 0;
  int64_t grain = 1;

  // Runs of units that have `elements` elements each, so that an item has about `wanted`.
  static Split by_elements(int64_t total, int64_t elements, int64_t wanted = kItemElements) {
    return {total, std::max<int64_t>(1, wanted / std::max<int64_t>(1, elements))};
  }

  int64_t items() const { return (total + grain - 1) / grain; }
  int64_t begin(int64_t item) const { return item * grain; }
  int64_t end(int64_t item) const { return std::min(total, (item + 1) * grain); }
  int64_t size(int64_t item) const { return end(item) - begin(item); }
};

}  // namespace fastcnn
