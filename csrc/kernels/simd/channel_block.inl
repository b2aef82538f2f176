// Floats of a cache line.
constexpr int64_t kLineFloats = 16;

// Vectors of neighbouring channels that a kernel keeps in registers; the last block of a row may
// be less than a vector.
template <int n, bool partial>
struct ChannelBlock {
  static constexpr int vectors = n;
  int64_t channel;  // the first
  int64_t left;     // channels of a partial block

  Vec from(const float* p, int v = 0) const {
    if constexpr (partial) return load_head(p, left);
    return load(p + v * kLanes);
  }
  void to(float* p, int v, Vec x) const {
    if constexpr (partial) return store_head(p, x, left);
    store(p + v * kLanes, x);
  }
  void to(float* p, Vec x) const { to(p, 0, x); }
  // As to, with non-temporal stores where asked. Only whole lines go there: parts of them, written
  // apart, would reach the memory one by one.
  void put(float* p, int v, Vec x, bool non_temporal) const {
    if constexpr (!partial && vectors * kLanes % kLineFloats == 0)
      if (non_temporal) return store_non_temporal(p + v * kLanes, x);
    to(p, v, x);
  }
};

// Calls body(block) until all channels have had their turn.
template <class Body>
inline void for_channel_blocks(int64_t channels, const Body& body) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) body(ChannelBlock<4, false>{c, kLanes});
  if (c + 2 * kLanes <= channels) {
    body(ChannelBlock<2, false>{c, kLanes});
    c += 2 * kLanes;
  }
  if (c + kLanes <= channels) {
    body(ChannelBlock<1, false>{c, kLanes});
    c += kLanes;
  }
  if (c < channels) body(ChannelBlock<1, true>{c, channels - c});
}

// As for_channel_blocks, with at most `most` vectors at a time.
template <int most, class Body>
inline void for_channel_blocks_of(int64_t channels, const Body& body) {
  int64_t c = 0;
  for (; c + most * kLanes <= channels; c += most * kLanes)
    body(ChannelBlock<most, false>{c, kLanes});
  if constexpr (most > 1)
    for (; c + kLanes <= channels; c += kLanes) body(ChannelBlock<1, false>{c, kLanes});
  if (c < channels) body(ChannelBlock<1, true>{c, channels - c});
}

// One vector at a time.
template <class Body>
inline void for_lane_blocks(int64_t channels, const Body& body) {
  for_channel_blocks_of<1>(channels, body);
}
