// Vectors of neighbouring channels that a kernel keeps in registers; the last strip of a row may
// be less than a vector.
template <int n, bool partial>
struct Strip {
  static constexpr int vectors = n;
  int64_t channel;  // the first
  int64_t left;     // channels of a partial strip

  Vec from(const float* p, int v) const {
    if constexpr (partial) return load_head(p, left);
    return load(p + v * kLanes);
  }
  void to(float* p, int v, Vec x) const {
    if constexpr (partial) return store_head(p, x, left);
    store(p + v * kLanes, x);
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
