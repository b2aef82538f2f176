// Normalisation of rows, each by statistics of its own.

// 1 / sqrt(variance + epsilon) in every lane.
inline Vec inverse_deviation(float variance, float epsilon) {
  return 1.0f / sqrt(splat(variance + epsilon));
}

// Of `count` rows at once, because the sums of one wait for each other: the mean and the mean
// squared deviation. The first sum says the mean but for its rounding; the second pass, which needs
// deviations anyway, finds what was left of it.
template <int count>
inline void row_statistics(const LayerNorm& at, int64_t first) {
  const int64_t columns = at.columns;
  const float* x = at.x + first * columns;
  const float share = 1.0f / (float)columns;
  Vec center[count] = {}, sum[count] = {}, square[count] = {};
  if (at.centered) {
    for_parts(columns, [&](int64_t begin, int64_t size) {
      Vec part[count] = {};
      for_row(size, [&](int64_t i, int64_t n) {
        for (int r = 0; r < count; ++r) part[r] += load_head(x + r * columns + begin + i, n);
      });
      for (int r = 0; r < count; ++r) sum[r] += part[r];
    });
    for (int r = 0; r < count; ++r) {
      center[r] = splat(sum_of_lanes(sum[r]) * share);
      sum[r] = Vec{};
    }
  }
  for_parts(columns, [&](int64_t begin, int64_t size) {
    Vec part[count] = {}, part_square[count] = {};
    for_row(size, [&](int64_t i, int64_t n) {
      for (int r = 0; r < count; ++r) {
        Vec deviation = load_head(x + r * columns + begin + i, n) - center[r];
        if (n < kLanes) deviation = head_of(deviation, Vec{}, n);
        part[r] += deviation;
        part_square[r] += deviation * deviation;
      }
    });
    for (int r = 0; r < count; ++r) {
      sum[r] += part[r];
      square[r] += part_square[r];
    }
  });
  for (int r = 0; r < count; ++r) {
    const float deviations = at.centered ? sum_of_lanes(sum[r]) : 0;
    const float rest = deviations * share;
    const float squares = sum_of_lanes(square[r]) - rest * deviations;
    at.mean[first + r] = center[r][0] + rest;
    at.variance[first + r] = (squares < 0 ? 0 : squares) * share;
  }
}

template <int count, bool non_temporal>
inline void layer_norm_block(const LayerNorm& at, int64_t first) {
  row_statistics<count>(at, first);
  const int64_t distance = 2 * count * at.columns;
  for (int64_t r = first; r < first + count; ++r) {
    const float* x = at.x + r * at.columns;
    float* y = at.y + r * at.columns;
    const Vec center = splat(at.mean[r]);
    const Vec inverse = inverse_deviation(at.variance[r], at.epsilon);
    for_row(at.columns, [&](int64_t i, int64_t n) {
      // Several rows at once, as the statistics take them, are no stream to the hardware.
      __builtin_prefetch(x + distance + i, 0, 3);
      const Vec normal = (load_head(x + i, n) - center) * inverse;
      const Vec result = normal * load_head(at.gamma + i, n) + load_head(at.beta + i, n);
      if constexpr (non_temporal)
        store_non_temporal(y + i, result);
      else
        store_head(y + i, result, n);
    });
  }
}

template <bool non_temporal>
inline void layer_norm_rows(const LayerNorm& at) {
  constexpr int kAtOnce = 4;
  int64_t r = 0;
  for (; r + kAtOnce <= at.rows; r += kAtOnce) layer_norm_block<kAtOnce, non_temporal>(at, r);
  for (; r < at.rows; ++r) layer_norm_block<1, non_temporal>(at, r);
}

// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta with mean and variance of each row,
// which are kept; where not `centered`, with a mean of 0. Requires columns >= 1. y may be x.
void layer_norm(const LayerNorm& at) noexcept {
  if (!at.non_temporal) return layer_norm_rows<false>(at);
  layer_norm_rows<true>(at);
  non_temporal_end();
}

// Of `count` rows at once, so that each loads the sums of a column only once: dx, and what they add
// to dgamma and dbeta.
template <int count>
inline void layer_norm_grad_rows(const LayerNormGrad& at, int64_t first) {
  const int64_t columns = at.columns;
  const float* x = at.x + first * columns;
  const float* dy = at.dy + first * columns;
  float* dx = at.dx + first * columns;
  Vec center[count], inverse[count], plain[count] = {}, weighted[count] = {};
  for (int r = 0; r < count; ++r) {
    center[r] = splat(at.mean[first + r]);
    inverse[r] = inverse_deviation(at.variance[first + r], at.epsilon);
  }
  const auto normal = [&](int r, int64_t i, int64_t n) {
    return (load_head(x + r * columns + i, n) - center[r]) * inverse[r];
  };
  for_parts(columns, [&](int64_t begin, int64_t size) {
    Vec part[count] = {}, part_weighted[count] = {};
    for_row(size, [&](int64_t j, int64_t n) {
      const int64_t i = begin + j;
      const Vec gamma = load_head(at.gamma + i, n);
      Vec dgamma = load_head(at.dgamma + i, n);
      Vec dbeta = load_head(at.dbeta + i, n);
      for (int r = 0; r < count; ++r) {
        const Vec slope = load_head(dy + r * columns + i, n);
        const Vec position = normal(r, i, n);
        const Vec scaled = slope * gamma;
        dbeta += slope;
        dgamma += slope * position;
        part[r] += scaled;
        part_weighted[r] += scaled * position;
      }
      store_head(at.dgamma + i, dgamma, n);
      store_head(at.dbeta + i, dbeta, n);
    });
    for (int r = 0; r < count; ++r) {
      plain[r] += part[r];
      weighted[r] += part_weighted[r];
    }
  });
  const float share = 1.0f / (float)columns;
  const int64_t distance = 2 * count;
  for (int r = 0; r < count; ++r) {
    const Vec shift = splat(at.centered ? sum_of_lanes(plain[r]) * share : 0);
    const Vec slant = splat(sum_of_lanes(weighted[r]) * share);
    for_row(columns, [&](int64_t i, int64_t n) {
      // Several rows at once, as the first pass takes them, are no stream to the hardware.
      __builtin_prefetch(x + (r + distance) * columns + i, 0, 3);
      __builtin_prefetch(dy + (r + distance) * columns + i, 0, 3);
      const Vec scaled = load_head(dy + r * columns + i, n) * load_head(at.gamma + i, n);
      const Vec result = (scaled - shift - normal(r, i, n) * slant) * inverse[r];
      store_head(dx + r * columns + i, result, n);
    });
  }
}

// dx = (g - mean of g - p * mean of (g * p)) / sqrt(variance + epsilon) for each row, with
// g = dy * gamma and p what gamma was multiplied with; where not `centered` without the mean of g.
// Sums over rows of dy * p and of dy go to dgamma and dbeta. Requires columns >= 1. dx may be dy
// or x.
void layer_norm_grad(const LayerNormGrad& at) noexcept {
  constexpr int kAtOnce = kLanes == 16 ? 4 : 2;
  for_row(at.columns, [&](int64_t i, int64_t n) {
    store_head(at.dgamma + i, Vec{}, n);
    store_head(at.dbeta + i, Vec{}, n);
  });
  int64_t r = 0;
  for (; r + kAtOnce <= at.rows; r += kAtOnce) layer_norm_grad_rows<kAtOnce>(at, r);
  for (; r < at.rows; ++r) layer_norm_grad_rows<1>(at, r);
}
