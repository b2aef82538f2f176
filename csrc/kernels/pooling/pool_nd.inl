// Pooling by any convention, vectorised over channels: one row of windows a call, each a box of
// taps inside the image. Windows of two axes, whose taps are neighbours, have kernels of their own
// (pool_2d.inl, pool_sliding.inl).

// Calls body(distance of the tap) for the taps of a window, in row-major order.
template <class Body>
inline void for_taps(const PoolBox& at, const PoolTaps& columns, const Body& body) {
  for (int64_t p = 0; p < at.planes; ++p)
    for (int64_t r = 0; r < at.rows; ++r) {
      int64_t tap = p * at.plane + r * at.row + columns.first * at.pixel;
      for (int64_t c = 0; c < columns.count; ++c, tap += at.column) body(tap);
    }
}

void max_pool_box(const PoolBox& at, const float* x, float* y) noexcept {
  for (int64_t j = 0; j < at.windows; ++j, y += at.pixel)
    for_strips(at.channels, [&](auto strip) {
      Vec largest[strip.vectors];
      for (Vec& vec : largest) vec = splat(-__builtin_inff());
      for_taps(at, at.columns[j], [&](int64_t tap) {
        for (int v = 0; v < strip.vectors; ++v)
          largest[v] = max(largest[v], strip.from(x + tap + strip.channel, v));
      });
      for (int v = 0; v < strip.vectors; ++v) strip.to(y + strip.channel, v, largest[v]);
    });
}

void average_pool_box(const PoolBox& at, const float* x, float* y) noexcept {
  for (int64_t j = 0; j < at.windows; ++j, y += at.pixel) {
    const float count = (float)(at.counted * at.columns[j].counted);
    for_strips(at.channels, [&](auto strip) {
      Vec sum[strip.vectors] = {};
      for_taps(at, at.columns[j], [&](int64_t tap) {
        for (int v = 0; v < strip.vectors; ++v) sum[v] += strip.from(x + tap + strip.channel, v);
      });
      for (int v = 0; v < strip.vectors; ++v) strip.to(y + strip.channel, v, sum[v] / count);
    });
  }
}

// Gradients add to dx.
void max_pool_box_grad(const PoolBox& at, const float* x, const float* y, const float* dy,
                       float* dx) noexcept {
  for (int64_t j = 0; j < at.windows; ++j, y += at.pixel, dy += at.pixel)
    for_strips(at.channels, [&](auto strip) {
      Vec largest[strip.vectors], unclaimed[strip.vectors];
      for (int v = 0; v < strip.vectors; ++v) {
        largest[v] = strip.from(y + strip.channel, v);
        unclaimed[v] = strip.from(dy + strip.channel, v);
      }
      for_taps(at, at.columns[j], [&](int64_t tap) {
        for (int v = 0; v < strip.vectors; ++v) {
          const Vec pixel = strip.from(x + tap + strip.channel, v);
          // A NaN among the pixels is the maximum.
          const auto hit = (pixel == largest[v]) | (pixel != pixel);
          float* to = dx + tap + strip.channel;
          strip.to(to, v, strip.from(to, v) + (hit ? unclaimed[v] : Vec{}));
          unclaimed[v] = hit ? Vec{} : unclaimed[v];
        }
      });
    });
}

void average_pool_box_grad(const PoolBox& at, const float*, const float*, const float* dy,
                           float* dx) noexcept {
  for (int64_t j = 0; j < at.windows; ++j, dy += at.pixel) {
    const float inverse = 1.0f / (float)(at.counted * at.columns[j].counted);
    for_strips(at.channels, [&](auto strip) {
      Vec share[strip.vectors];
      for (int v = 0; v < strip.vectors; ++v)
        share[v] = strip.from(dy + strip.channel, v) * inverse;
      for_taps(at, at.columns[j], [&](int64_t tap) {
        float* to = dx + tap + strip.channel;
        for (int v = 0; v < strip.vectors; ++v) strip.to(to, v, strip.from(to, v) + share[v]);
      });
    });
  }
}
