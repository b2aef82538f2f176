// Batch normalisation: x is `rows` rows of `channels` numbers.

// Calls body(block, first, count) for runs of rows and channel blocks of their channels, so that
// numbers of a channel are read once for `count` rows. Few channels are one block for all rows;
// else a run is short, so that memory is read nearly in order.
template <class Body>
inline void for_runs(int64_t rows, int64_t channels, const Body& body) {
  constexpr int64_t kRun = 8;
  const int64_t run = channels <= 4 * kLanes ? rows : kRun;
  for (int64_t first = 0; first < rows; first += run) {
    const int64_t count = rows - first < run ? rows - first : run;
    for_channel_blocks(channels, [&](auto block) { body(block, first, count); });
  }
}

template <bool non_temporal, class ChannelBlock>
inline void put(const ChannelBlock& block, float* p, int v, Vec x) {
  if constexpr (non_temporal) return store_non_temporal(p + v * kLanes, x);
  block.to(p, v, x);
}

template <bool non_temporal, bool adds>
inline void normalize_runs(int64_t rows, int64_t channels, const Normalize& at) {
  const Vec low = splat(at.bounds.low), high = splat(at.bounds.high);
  for_runs(rows, channels, [&](auto block, int64_t first, int64_t count) {
    const int64_t c = block.channel;
    Vec middle[block.vectors], factor[block.vectors], offset[block.vectors];
    for (int v = 0; v < block.vectors; ++v) {
      middle[v] = block.from(at.center + c, v);
      factor[v] = block.from(at.scale + c, v);
      offset[v] = block.from(at.shift + c, v);
    }
    for (int64_t i = first * channels + c; count > 0; --count, i += channels)
      for (int v = 0; v < block.vectors; ++v) {
        Vec y = (block.from(at.x + i, v) - middle[v]) * factor[v] + offset[v];
        if constexpr (adds) y += block.from(at.residual + i, v);
        put<non_temporal>(block, at.y + i, v, clamp(low, high, y));
      }
  });
}

void normalize_rows(int64_t rows, int64_t channels, const Normalize& at) noexcept {
  if (at.residual != nullptr)
    at.non_temporal ? normalize_runs<true, true>(rows, channels, at)
                    : normalize_runs<false, true>(rows, channels, at);
  else
    at.non_temporal ? normalize_runs<true, false>(rows, channels, at)
                    : normalize_runs<false, false>(rows, channels, at);
  if (at.non_temporal) non_temporal_end();
}

// dy where it passes a gate; `deviation` is x - center.
template <bool gated>
inline Vec through_gate(Vec dy, Vec deviation, Vec factor, Vec offset, Vec low, Vec high) {
  if constexpr (!gated) return dy;
  const Vec y = deviation * factor + offset;
  return (y <= low) | (y >= high) ? Vec{} : dy;
}

template <bool non_temporal, bool gated>
inline void normalize_grad_runs(int64_t rows, int64_t channels, const NormalizeGrad& at) {
  const Vec low = splat(at.gate.bounds.low), high = splat(at.gate.bounds.high);
  for_runs(rows, channels, [&](auto block, int64_t first, int64_t count) {
    const int64_t c = block.channel;
    Vec middle[block.vectors], dy_factor[block.vectors], x_factor[block.vectors];
    Vec offset[block.vectors], gate_factor[block.vectors], gate_offset[block.vectors];
    for (int v = 0; v < block.vectors; ++v) {
      middle[v] = block.from(at.center + c, v);
      dy_factor[v] = block.from(at.dy_scale + c, v);
      x_factor[v] = block.from(at.x_scale + c, v);
      offset[v] = block.from(at.shift + c, v);
      gate_factor[v] = gated ? block.from(at.gate.scale + c, v) : Vec{};
      gate_offset[v] = gated ? block.from(at.gate.shift + c, v) : Vec{};
    }
    for (int64_t i = first * channels + c; count > 0; --count, i += channels)
      for (int v = 0; v < block.vectors; ++v) {
        const Vec deviation = block.from(at.x + i, v) - middle[v];
        const Vec dy = through_gate<gated>(block.from(at.dy + i, v), deviation, gate_factor[v],
                                           gate_offset[v], low, high);
        put<non_temporal>(block, at.dx + i, v,
                          dy * dy_factor[v] + (deviation * x_factor[v] + offset[v]));
      }
  });
}

void normalize_grad_rows(int64_t rows, int64_t channels, const NormalizeGrad& at) noexcept {
  if (at.gate.scale != nullptr)
    at.non_temporal ? normalize_grad_runs<true, true>(rows, channels, at)
                    : normalize_grad_runs<false, true>(rows, channels, at);
  else
    at.non_temporal ? normalize_grad_runs<true, false>(rows, channels, at)
                    : normalize_grad_runs<false, false>(rows, channels, at);
  if (at.non_temporal) non_temporal_end();
}

// Rows whose numbers stay in the first-level cache for a second look.
inline int64_t rows_in_cache(int64_t channels) {
  const int64_t rows = 4096 / channels;
  return rows < 16 ? 16 : rows;
}

// The same of one block, in two passes.
inline void block_moments(int64_t rows, int64_t channels, const float* x, float* mean,
                          float* squares) {
  sum_rows(rows, channels, x, channels, mean);
  const float share = 1.0f / (float)rows;
  for_channel_blocks(channels, [&](auto block) {
    const int64_t c = block.channel;
    Vec center[block.vectors], sum[block.vectors] = {};
    for (int v = 0; v < block.vectors; ++v) center[v] = block.from(mean + c, v) * share;
    for (int64_t r = 0; r < rows; ++r)
      for (int v = 0; v < block.vectors; ++v) {
        const Vec deviation = block.from(x + r * channels + c, v) - center[v];
        sum[v] += deviation * deviation;
      }
    for (int v = 0; v < block.vectors; ++v) {
      block.to(mean + c, v, center[v]);
      block.to(squares + c, v, sum[v]);
    }
  });
}

// Mean of each channel and sum of squared deviations from it. The first block takes two passes,
// so that nothing cancels. Later ones take one: sums of deviations, and of their squares, from the
// mean of all before. What cancels when squares are moved to the block's own mean is less than
// what joining the blocks (Chan's rule) puts back, as there are as many rows before at least.
// Requires rows >= 1, channels >= 1.
void moments(int64_t rows, int64_t channels, const float* x, float* mean, float* squares) noexcept {
  const int64_t step = rows_in_cache(channels);
  block_moments(rows < step ? rows : step, channels, x, mean, squares);
  for (int64_t begin = step; begin < rows; begin += step) {
    const int64_t end = rows - begin < step ? rows : begin + step;
    const float share = 1.0f / (float)end;
    for_channel_blocks(channels, [&](auto block) {
      const int64_t c = block.channel;
      Vec center[block.vectors], sum[block.vectors] = {}, square[block.vectors] = {};
      for (int v = 0; v < block.vectors; ++v) center[v] = block.from(mean + c, v);
      for (int64_t r = begin; r < end; ++r)
        for (int v = 0; v < block.vectors; ++v) {
          const Vec deviation = block.from(x + r * channels + c, v) - center[v];
          sum[v] += deviation;
          square[v] += deviation * deviation;
        }
      // With n rows before, m of this block and d their mean deviation, the squares grow by
      // square - m d^2 + n m / (n + m) d^2 = square - sum^2 / (n + m).
      for (int v = 0; v < block.vectors; ++v) {
        block.to(mean + c, v, center[v] + sum[v] * share);
        block.to(squares + c, v,
                 block.from(squares + c, v) + (square[v] - sum[v] * sum[v] * share));
      }
    });
  }
}

template <bool gated>
inline void gated_sums(int64_t rows, int64_t channels, const DeviationSums& at) {
  const Vec low = splat(at.gate.bounds.low), high = splat(at.gate.bounds.high);
  const int64_t step = rows_in_cache(2 * channels);
  for (int64_t begin = 0; begin < rows; begin += step) {
    const int64_t end = rows - begin < step ? rows : begin + step;
    for_channel_blocks(channels, [&](auto block) {
      const int64_t c = block.channel;
      Vec mean[block.vectors], plain[block.vectors] = {}, weighted[block.vectors] = {};
      Vec gate_factor[block.vectors], gate_offset[block.vectors];
      for (int v = 0; v < block.vectors; ++v) {
        mean[v] = block.from(at.center + c, v);
        gate_factor[v] = gated ? block.from(at.gate.scale + c, v) : Vec{};
        gate_offset[v] = gated ? block.from(at.gate.shift + c, v) : Vec{};
      }
      for (int64_t r = begin; r < end; ++r)
        for (int v = 0; v < block.vectors; ++v) {
          const Vec deviation = block.from(at.x + r * channels + c, v) - mean[v];
          const Vec weight = through_gate<gated>(block.from(at.dy + r * channels + c, v), deviation,
                                                 gate_factor[v], gate_offset[v], low, high);
          plain[v] += weight;
          weighted[v] += weight * deviation;
        }
      for (int v = 0; v < block.vectors; ++v) {
        if (begin > 0) {
          plain[v] += block.from(at.sum + c, v);
          weighted[v] += block.from(at.product + c, v);
        }
        block.to(at.sum + c, v, plain[v]);
        block.to(at.product + c, v, weighted[v]);
      }
    });
  }
}

void deviation_sums(int64_t rows, int64_t channels, const DeviationSums& at) noexcept {
  at.gate.scale != nullptr ? gated_sums<true>(rows, channels, at)
                           : gated_sums<false>(rows, channels, at);
}
