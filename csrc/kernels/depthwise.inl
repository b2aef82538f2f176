// Depthwise convolution, vectorised over channels: one row of positions a call.

// Calls body(s, offset in x) for the taps of position j that lie inside the row.
template <class Body>
inline void for_taps(const DepthwiseRow& at, int64_t j, const Body& body) {
  for (int64_t s = 0; s < at.taps; ++s) {
    const int64_t numerator = j * at.scale + at.shift + s * at.tap_shift;
    if (numerator < 0) continue;
    // Most convolutions have stride 1, and a division costs more than the tap.
    const int64_t column = at.divisor == 1 ? numerator : numerator / at.divisor;
    if (column >= at.width || column * at.divisor != numerator) continue;
    body(s, column * at.channels);
  }
}

void depthwise_row(const DepthwiseRow& at) noexcept {
  float* y = at.y;
  for (int64_t j = 0; j < at.positions; ++j, y += at.channels)
    for_strips(at.channels, [&](auto strip) {
      Vec sum[strip.vectors];
      const float* first = at.add ? y : at.bias;
      for (int v = 0; v < strip.vectors; ++v)
        sum[v] = first != nullptr ? strip.from(first + strip.channel, v) : Vec{};
      for_taps(at, j, [&](int64_t s, int64_t offset) {
        const float* x = at.x + offset + strip.channel;
        const float* kernel = at.kernel + s * at.channels + strip.channel;
        for (int64_t r = 0; r < at.tap_rows; ++r, x += at.x_row, kernel += at.kernel_row)
          for (int v = 0; v < strip.vectors; ++v)
            sum[v] += strip.from(x, v) * strip.from(kernel, v);
      });
      if (at.activation != Activation::none)
        for (Vec& vec : sum) vec = activate(vec, at.activation);
      for (int v = 0; v < strip.vectors; ++v) strip.to(y + strip.channel, v, sum[v]);
    });
}

// Adds a row's part of the kernel gradient: dkernel[r][s][c] += sum over j of x * dy.
void depthwise_kernel_grad_row(const DepthwiseRow& at, float* dkernel) noexcept {
  for_strips(at.channels, [&](auto strip) {
    for (int64_t r = 0; r < at.tap_rows; ++r)
      for (int64_t s = 0; s < at.taps; ++s) {
        // Positions whose tap s lies inside: 0 <= j * scale + first < width.
        const int64_t first = at.shift + s * at.tap_shift;
        const int64_t begin = first >= 0 ? 0 : (-first + at.scale - 1) / at.scale;
        const int64_t room = at.width - first;
        int64_t end = room <= 0 ? 0 : (room + at.scale - 1) / at.scale;
        if (end > at.positions) end = at.positions;
        float* sums = dkernel + r * at.kernel_row + s * at.channels + strip.channel;
        Vec sum[strip.vectors];
        for (int v = 0; v < strip.vectors; ++v) sum[v] = strip.from(sums, v);
        const float* x = at.x + r * at.x_row + strip.channel;
        for (int64_t j = begin; j < end; ++j)
          for (int v = 0; v < strip.vectors; ++v)
            sum[v] += strip.from(x + (j * at.scale + first) * at.channels, v) *
                      strip.from(at.dy + j * at.channels + strip.channel, v);
        for (int v = 0; v < strip.vectors; ++v) strip.to(sums, v, sum[v]);
      }
  });
}
