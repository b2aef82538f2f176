// Depthwise convolution, vectorised over channels: some rows of one image a call. Filters of 3 x 3
// and 5 x 5 keep their taps in registers and slide along the columns (depthwise_sliding.inl); what
// stands here serves all others.

// The other activations, of finished rows: too long for the loops that make them.
[[gnu::noinline]] void activate_rows(const DepthwiseRows& at, float* y) {
  for (int64_t p = at.begin * at.columns.out; p < at.end * at.columns.out; ++p)
    for_row(at.channels, [&](int64_t c, int64_t n) {
      float* to = y + p * at.pixel + c;
      store_head(to, activate(load_head(to, n), at.activation), n);
    });
}

// Positions [begin, end) of a row, whose taps all meet the image. `count` of them at a time share
// the loads of the filters.
template <int count, class Lanes>
inline void depthwise_positions(const DepthwiseRows& at, TapRange rows, TapRange columns,
                                const float* x, float* y, int64_t begin, int64_t end, Lanes lanes) {
  const WindowPlaces& w = at.columns;
  const int64_t step = w.stride * at.pixel;
  int64_t j = begin;
  for (; j + count <= end; j += count) {
    Vec sum[count];
    for (Vec& vec : sum) vec = at.bias != nullptr ? lanes.from(at.bias + lanes.channel) : Vec{};
    for (int64_t r = rows.begin; r < rows.end; ++r)
      for (int64_t s = columns.begin; s < columns.end; ++s) {
        const Vec filter =
            lanes.from(at.kernel + r * at.kernel_row + s * at.kernel_tap + lanes.channel);
        const int64_t column = j * w.stride + s * w.dilation - w.pad;
        const float* pixel = x + (r * at.rows.dilation * w.in + column) * at.pixel + lanes.channel;
        for (int i = 0; i < count; ++i) sum[i] += lanes.from(pixel + i * step) * filter;
      }
    for (int i = 0; i < count; ++i)
      lanes.to(y + (j + i) * at.pixel + lanes.channel, clip(sum[i], at.activation));
  }
  if constexpr (count > 1) depthwise_positions<count / 2>(at, rows, columns, x, y, j, end, lanes);
}

void depthwise_rows_of_any(const DepthwiseRows& at, const float* x, float* y) {
  const WindowPlaces& w = at.columns;
  // Positions [begin, end) see all their columns.
  const int64_t begin = smaller(larger(0, (w.pad + w.stride - 1) / w.stride), w.out);
  const int64_t room = w.in + w.pad - (w.taps - 1) * w.dilation;
  const int64_t end =
      larger(begin, smaller(w.out, room > 0 ? (room - 1) / w.stride + 1 : int64_t{0}));
  for (int64_t i = at.begin; i < at.end; ++i) {
    const TapRange rows = tap_range(at.rows, i);
    const float* from = x + (i * at.rows.stride - at.rows.pad) * w.in * at.pixel;
    float* to = y + i * w.out * at.pixel;
    for_lane_blocks(at.channels, [&](auto lanes) {
      const auto edge = [&](int64_t first, int64_t last) {
        for (int64_t j = first; j < last; ++j)
          depthwise_positions<1>(at, rows, tap_range(w, j), from, to, j, j + 1, lanes);
      };
      edge(0, begin);
      depthwise_positions<8>(at, rows, {0, w.taps}, from, to, begin, end, lanes);
      edge(end, w.out);
    });
  }
}

void depthwise_rows(const DepthwiseRows& at, const float* x, float* y) noexcept {
  const bool fixed = with_fixed_sizes(at, [&](auto taps, auto stride) {
    depthwise_blocks<decltype(taps)::value, decltype(stride)::value>(at, x, y);
  });
  if (!fixed) depthwise_rows_of_any(at, x, y);
  if (!applied_in_registers(at.activation)) activate_rows(at, y);
  if (at.non_temporal) non_temporal_end();
}

// Adds tap row r's share of an image row's gradient: dx[j] (+)= sum of dy * kernel over the taps
// that meet position j.
inline void add_input_grad(const DepthwiseRows& at, const float* dy, const float* kernel, bool add,
                           float* dx) {
  const WindowPlaces& w = at.columns;
  for (int64_t j = 0; j < w.in; ++j, dx += at.pixel)
    for_lane_blocks(at.channels, [&](auto lanes) {
      Vec sum = add ? lanes.from(dx + lanes.channel) : Vec{};
      for (int64_t s = 0; s < w.taps; ++s) {
        const int64_t distance = j + w.pad - s * w.dilation;
        if (distance < 0 || distance % w.stride != 0 || distance / w.stride >= w.out) continue;
        sum += lanes.from(dy + distance / w.stride * at.pixel + lanes.channel) *
               lanes.from(kernel + s * at.kernel_tap + lanes.channel);
      }
      lanes.to(dx + lanes.channel, sum);
    });
}

void depthwise_input_grad_rows(const DepthwiseRows& at, const float* dy, float* dx) noexcept {
  const WindowPlaces& h = at.rows;
  const WindowPlaces& w = at.columns;
  if (h.stride == 1 && w.stride == 1) {
    // The same sum with the filter turned round.
    const auto turned = [](const WindowPlaces& axis) {
      return WindowPlaces{axis.out, axis.in,       axis.taps,
                          1,        axis.dilation, (axis.taps - 1) * axis.dilation - axis.pad};
    };
    DepthwiseRows forward = at;
    forward.rows = turned(h);
    forward.columns = turned(w);
    forward.kernel += (h.taps - 1) * at.kernel_row + (w.taps - 1) * at.kernel_tap;
    forward.kernel_row = -at.kernel_row;
    forward.kernel_tap = -at.kernel_tap;
    forward.bias = nullptr;
    forward.activation = Activation::none;
    return depthwise_rows(forward, dy, dx);
  }
  const bool fixed = with_fixed_sizes(
      at, [&](auto taps, auto) { depthwise_spread<decltype(taps)::value>(at, dy, dx); });
  if (at.non_temporal) non_temporal_end();
  if (fixed) return;
  for (int64_t i = at.begin; i < at.end; ++i) {
    float* row = dx + i * w.in * at.pixel;
    bool written = false;
    for (int64_t r = 0; r < h.taps; ++r) {
      const int64_t distance = i + h.pad - r * h.dilation;
      if (distance < 0 || distance % h.stride != 0 || distance / h.stride >= h.out) continue;
      add_input_grad(at, dy + distance / h.stride * w.out * at.pixel, at.kernel + r * at.kernel_row,
                     written, row);
      written = true;
    }
    if (!written)
      for (int64_t j = 0; j < w.in; ++j)
        for_lane_blocks(at.channels,
                        [&](auto lanes) { lanes.to(row + j * at.pixel + lanes.channel, Vec{}); });
  }
}
