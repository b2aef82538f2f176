// Depthwise convolution with filters of 3 x 3 and 5 x 5, stride 1 or 2: all taps stay in registers,
// and a vector of channels slides along the columns of a block of rows, so that a pixel is loaded
// once for all sums that it belongs to. The first and the last columns, of which some lie outside,
// go apart; so do image rows outside, which are known before the columns begin.
//
// A block of channels touches one line of each pixel, which the machine's own prefetching makes
// little of. So every step prefetches  share of what the next block reads, in memory order.

// 9 taps, 2 rows of 3 sums and a pixel are 16 registers. A third and fourth row would save loads,
// but the rows at hand and those prefetched would fill the second-level cache.
constexpr int kDepthwiseRows = 2;
// Rows that a block reads ahead: each block of channels, and each of its steps, prefetches  share.
class Prefetcher {
 public:
  // The block's `share` of the rows that begin at `rows`; nothing unless `wanted`.
  Prefetcher(bool wanted, const float* rows, int64_t share)
      : next_(wanted ? rows + share : nullptr) {}
  template <int vectors>
  void fetch() {
    if (next_ == nullptr) return;
    for (int64_t i = 0; i < vectors * kLanes; i += kLineFloats) __builtin_prefetch(next_ + i, 0, 2);
    next_ += vectors * kLanes;
  }

 private:
  const float* next_;
};

// Calls body(number of rows, first) for [begin, end) in blocks of `most` rows, then of fewer.
template <int most, class Body>
inline void for_row_blocks(int64_t begin, int64_t end, const Body& body) {
  for (; begin + most <= end; begin += most) body(Count<most>{}, begin);
  if constexpr (most > 1) for_row_blocks<most / 2>(begin, end, body);
}

// Of `count` places from `first` on those [begin, end) that lie inside `extent`.
struct Inside {
  int begin, end;
  bool has(int i) const { return i >= begin && i < end; }
};
inline Inside inside_of(int64_t extent, int64_t first, int count) {
  return {(int)smaller(larger(-first, 0), count), (int)larger(smaller(extent - first, count), 0)};
}

// Taps [begin, end) of place i that meet the image.
struct TapRange {
  int64_t begin, end;
};
inline TapRange tap_range(const WindowPlaces& w, int64_t i) {
  const int64_t start = i * w.stride - w.pad;
  const int64_t begin = start >= 0 ? 0 : (-start + w.dilation - 1) / w.dilation;
  const int64_t end = start >= w.in ? 0 : (w.in - 1 - start) / w.dilation + 1;
  return {begin, smaller(end, w.taps)};
}

// Calls body(taps, stride) and returns true where there is an instance for both axes.
template <class Body>
inline bool with_fixed_sizes(const DepthwiseRows& at, const Body& body) {
  const WindowPlaces& h = at.rows;
  const WindowPlaces& w = at.columns;
  if (h.taps != w.taps || h.stride != w.stride || h.dilation != 1 || w.dilation != 1) return false;
  if (w.taps == 3 && w.stride == 1) return body(Count<3>{}, Count<1>{}), true;
  if (w.taps == 3 && w.stride == 2) return body(Count<3>{}, Count<2>{}), true;
  if (w.taps == 5 && w.stride == 1) return body(Count<5>{}, Count<1>{}), true;
  if (w.taps == 5 && w.stride == 2) return body(Count<5>{}, Count<2>{}), true;
  return false;
}
