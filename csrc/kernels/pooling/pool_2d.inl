// Pooling, vectorised over channels: one row of windows a call.

void max_pool_row(const PoolWindows& at, const float* x, float* y) noexcept {
  if (pooled_by_sliding<Largest>(at, x, y)) return;
  for (int64_t j = 0; j < at.windows; ++j, y += at.channels) {
    const Reach reach = reach_of(at, j);
    for_channel_blocks(at.channels, [&](auto block) {
      Vec largest[block.vectors];
      for (Vec& vec : largest) vec = splat(-__builtin_inff());
      for (int64_t r = 0; r < at.rows; ++r) {
        const float* row = x + r * at.row + block.channel;
        for (int64_t c = reach.begin; c < reach.end; ++c)
          for (int v = 0; v < block.vectors; ++v)
            largest[v] = max(largest[v], block.from(row + c * at.channels, v));
      }
      for (int v = 0; v < block.vectors; ++v) block.to(y + block.channel, v, largest[v]);
    });
  }
}

void average_pool_row(const PoolWindows& at, const float* x, float* y) noexcept {
  if (pooled_by_sliding<Average>(at, x, y)) return;
  if (one_wide_window(at)) {
    const int64_t pixels = at.rows * at.width;
    sum_rows(pixels, at.channels, x, at.channels, y);
    const float count = (float)pixels;
    for_row(at.channels,
            [&](int64_t i, int64_t n) { store_head(y + i, load_head(y + i, n) / count, n); });
    return;
  }
  for (int64_t j = 0; j < at.windows; ++j, y += at.channels) {
    const Reach reach = reach_of(at, j);
    const int64_t pixels = at.rows * (reach.end - reach.begin);
    // The inverse of a power of two is exact, and a product cheaper than a quotient.
    const bool exact = pixels > 0 && (pixels & (pixels - 1)) == 0;
    const float count = (float)pixels;
    const float inverse = 1.0f / count;
    for_channel_blocks(at.channels, [&](auto block) {
      Vec sum[block.vectors] = {};
      for (int64_t r = 0; r < at.rows; ++r) {
        const float* row = x + r * at.row + block.channel;
        for (int64_t c = reach.begin; c < reach.end; ++c)
          for (int v = 0; v < block.vectors; ++v) sum[v] += block.from(row + c * at.channels, v);
      }
      for (int v = 0; v < block.vectors; ++v)
        block.to(y + block.channel, v, exact ? sum[v] * inverse : sum[v] / count);
    });
  }
}
