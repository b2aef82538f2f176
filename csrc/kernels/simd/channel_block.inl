// Floats of a cache line.
constexpr int64_t kLineFloats = 16;

// Vectors of neighbouring channels that a kernel keeps in registers; the last strip of a row may
// be less than a vector.
template <int n, bool partial>
struct Strip {
  static constexpr int vectors = n;
  int64_t channel;  // the first
  int64_t left;     // channels of a partial strip

  Vec from(const float* p, int v = 0) const {
    if constexpr (partial) return load_head(p, left);
    return load(p + v * kLanes);
  }
  void to(float* p, int v, Vec x) const {
    if constexpr (partial) return store_head(p, x, left);
    store(p + v * kLanes, x);
  }
  void to(float* p, Vec x) const { to(p, 0, x); }
  // As to, past the caches if told to. Only whole lines go there: parts of them, written apart,
  // would reach the memory one by one.
  void put(float* p, int v, Vec x, bool streams) const {
    if constexpr (!partial && vectors * kLanes % kLineFloats == 0)
      if (streams) return stream(p + v * kLanes, x);
    to(p, v, x);
  }
};

// Calls body(strip) until all channels have had their turn.
template <class Body>
inline void for_strips(int64_t channels, const Body& body) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) body(Strip<4, false>{c, kLanes});
  if (c + 2 * kLanes <= channels) {
    body(Strip<2, false>{c, kLanes});
    c += 2 * kLanes;
  }
  if (c + kLanes <= channels) {
    body(Strip<1, false>{c, kLanes});
    c += kLanes;
  }
  if (c < channels) body(Strip<1, true>{c, channels - c});
}

// As for_strips, with at most `most` vectors at a time.
template <int most, class Body>
inline void for_strips_of(int64_t channels, const Body& body) {
  int64_t c = 0;
  for (; c + most * kLanes <= channels; c += most * kLanes) body(Strip<most, false>{c, kLanes});
  if constexpr (most > 1)
    for (; c + kLanes <= channels; c += kLanes) body(Strip<1, false>{c, kLanes});
  if (c < channels) body(Strip<1, true>{c, channels - c});
}

// One vector at a time.
template <class Body>
inline void for_lanes(int64_t channels, const Body& body) {
  for_strips_of<1>(channels, body);
}
