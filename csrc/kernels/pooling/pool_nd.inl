// Pooling by any convention, vectorised over channels: one row of windows a call, each a block of
// taps inside the image. Windows of two axes, whose taps are neighbours, have kernels of their own
// (pool_2d.inl, pool_sliding.inl).

// Calls body(distance of the tap) for the taps of a window, in row-major order.
template <class Body>
inline void for_taps(const PoolWindowsNd& at, const PoolTaps& columns, const Body& body) {
  for (int64_t p = 0; p < at.planes; ++p)
    for (int64_t r = 0; r < at.rows; ++r) {
      int64_t tap = p * at.plane + r * at.row + columns.first * at.pixel;
      for (int64_t c = 0; c < columns.count; ++c, tap += at.column) body(tap);
    }
}

void max_pool_nd(const PoolWindowsNd& at, const float* x, float* y) noexcept {
  for (int64_t j = 0; j < at.windows; ++j, y += at.pixel)
    for_channel_blocks(at.channels, [&](auto block) {
      Vec largest[block.vectors];
      for (Vec& vec : largest) vec = splat(-__builtin_inff());
      for_taps(at, at.columns[j], [&](int64_t tap) {
        for (int v = 0; v < block.vectors; ++v)
          largest[v] = max(largest[v], block.from(x + tap + block.channel, v));
      });
      for (int v = 0; v < block.vectors; ++v) block.to(y + block.channel, v, largest[v]);
    });
}

void average_pool_nd(const PoolWindowsNd& at, const float* x, float* y) noexcept {
  for (int64_t j = 0; j < at.windows; ++j, y += at.pixel) {
    const float count = (float)(at.counted * at.columns[j].counted);
    for_channel_blocks(at.channels, [&](auto block) {
      Vec sum[block.vectors] = {};
      for_taps(at, at.columns[j], [&](int64_t tap) {
        for (int v = 0; v < block.vectors; ++v) sum[v] += block.from(x + tap + block.channel, v);
      });
      for (int v = 0; v < block.vectors; ++v) block.to(y + block.channel, v, sum[v] / count);
    });
  }
}

// Gradients add to dx.
void max_pool_nd_grad(const PoolWindowsNd& at, const float* x, const float* y, const float* dy,
                      float* dx) noexcept {
  for (int64_t j = 0; j < at.windows; ++j, y += at.pixel, dy += at.pixel)
    for_channel_blocks(at.channels, [&](auto block) {
      Vec largest[block.vectors], unclaimed[block.vectors];
      for (int v = 0; v < block.vectors; ++v) {
        largest[v] = block.from(y + block.channel, v);
        unclaimed[v] = block.from(dy + block.channel, v);
      }
      for_taps(at, at.columns[j], [&](int64_t tap) {
        for (int v = 0; v < block.vectors; ++v) {
          const Vec pixel = block.from(x + tap + block.channel, v);
          // A NaN among the pixels is the maximum.
          const auto hit = (pixel == largest[v]) | (pixel != pixel);
          float* to = dx + tap + block.channel;
          block.to(to, v, block.from(to, v) + (hit ? unclaimed[v] : Vec{}));
          unclaimed[v] = hit ? Vec{} : unclaimed[v];
        }
      });
    });
}

void average_pool_nd_grad(const PoolWindowsNd& at, const float*, const float*, const float* dy,
                          float* dx) noexcept {
  for (int64_t j = 0; j < at.windows; ++j, dy += at.pixel) {
    const float inverse = 1.0f / (float)(at.counted * at.columns[j].counted);
    for_channel_blocks(at.channels, [&](auto block) {
      Vec share[block.vectors];
      for (int v = 0; v < block.vectors; ++v)
        share[v] = block.from(dy + block.channel, v) * inverse;
      for_taps(at, at.columns[j], [&](int64_t tap) {
        float* to = dx + tap + block.channel;
        for (int v = 0; v < block.vectors; ++v) block.to(to, v, block.from(to, v) + share[v]);
      });
    });
  }
}
