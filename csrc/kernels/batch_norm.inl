// Batch normalisation: x is `rows` rows of `channels` numbers.

// y = (x - center) * scale + shift, with one center, scale and shift a channel. y may be x.
void normalize_rows(int64_t rows, int64_t channels, const float* x, const float* center,
                    const float* scale, const float* shift, float* y) noexcept {
  for (int64_t r = 0; r < rows; ++r, x += channels, y += channels)
    for_strips(channels, [&](auto strip) {
      const int64_t c = strip.channel;
      for (int v = 0; v < strip.vectors; ++v)
        strip.to(y + c, v,
                 (strip.from(x + c, v) - strip.from(center + c, v)) * strip.from(scale + c, v) +
                     strip.from(shift + c, v));
    });
}

// dx = dy * dy_scale + (x - center) * x_scale + shift, each a number a channel. dx may be dy or x.
void normalize_grad_rows(int64_t rows, int64_t channels, const NormalizeGrad& at) noexcept {
  for (int64_t row = 0; row < rows * channels; row += channels)
    for_strips(channels, [&](auto strip) {
      const int64_t c = strip.channel;
      for (int v = 0; v < strip.vectors; ++v) {
        const Vec deviation = strip.from(at.x + row + c, v) - strip.from(at.center + c, v);
        strip.to(at.dx + row + c, v,
                 strip.from(at.dy + row + c, v) * strip.from(at.dy_scale + c, v) +
                     (deviation * strip.from(at.x_scale + c, v) + strip.from(at.shift + c, v)));
      }
    });
}

// Rows whose numbers stay in the first-level cache for a second look.
inline int64_t rows_in_cache(int64_t channels) {
  const int64_t rows = 4096 / channels;
  return rows < 16 ? 16 : rows;
}

// Mean of each channel and sum of squared deviations from it. Block by block: first the block's
// mean, then deviations from that, so nothing cancels; blocks are joined by Chan's rule.
// Requires rows >= 1, channels >= 1; `block_mean` is scratch for a number a channel.
void moments(int64_t rows, int64_t channels, const float* x, float* mean, float* squares,
             float* block_mean) noexcept {
  const int64_t step = rows_in_cache(channels);
  for (int64_t begin = 0; begin < rows; begin += step, x += step * channels) {
    const int64_t count = rows - begin < step ? rows - begin : step;
    sum_rows(count, channels, x, channels, block_mean);
    const float per_row = 1.0f / (float)count;
    // Weights of the join; with nothing before, the block stands for itself.
    const float total = (float)(begin + count);
    const float share = (float)count / total;
    const float between = (float)begin * share;
    for_strips(channels, [&](auto strip) {
      const int64_t c = strip.channel;
      Vec center[strip.vectors], sum[strip.vectors] = {};
      for (int v = 0; v < strip.vectors; ++v) center[v] = strip.from(block_mean + c, v) * per_row;
      for (int64_t r = 0; r < count; ++r)
        for (int v = 0; v < strip.vectors; ++v) {
          const Vec deviation = strip.from(x + r * channels + c, v) - center[v];
          sum[v] += deviation * deviation;
        }
      for (int v = 0; v < strip.vectors; ++v) {
        if (begin > 0) {
          const Vec before = strip.from(mean + c, v);
          const Vec apart = center[v] - before;
          center[v] = before + apart * share;
          sum[v] += strip.from(squares + c, v) + apart * apart * between;
        }
        strip.to(mean + c, v, center[v]);
        strip.to(squares + c, v, sum[v]);
      }
    });
  }
}

// Sums over rows of dy and of dy * (x - center).
void deviation_sums(int64_t rows, int64_t channels, const float* x, const float* dy,
                    const float* center, float* sum, float* product) noexcept {
  const int64_t step = rows_in_cache(2 * channels);
  for (int64_t begin = 0; begin < rows; begin += step) {
    const int64_t end = rows - begin < step ? rows : begin + step;
    for_strips(channels, [&](auto strip) {
      const int64_t c = strip.channel;
      Vec mean[strip.vectors], plain[strip.vectors] = {}, weighted[strip.vectors] = {};
      for (int v = 0; v < strip.vectors; ++v) mean[v] = strip.from(center + c, v);
      for (int64_t r = begin; r < end; ++r)
        for (int v = 0; v < strip.vectors; ++v) {
          const Vec weight = strip.from(dy + r * channels + c, v);
          plain[v] += weight;
          weighted[v] += weight * (strip.from(x + r * channels + c, v) - mean[v]);
        }
      for (int v = 0; v < strip.vectors; ++v) {
        if (begin > 0) {
          plain[v] += strip.from(sum + c, v);
          weighted[v] += strip.from(product + c, v);
        }
        strip.to(sum + c, v, plain[v]);
        strip.to(product + c, v, weighted[v]);
      }
    });
  }
}
