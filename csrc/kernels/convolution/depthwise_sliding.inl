// Forward and input gradient, as depthwise_common.inl describes.

// `rows` rows of positions from `row` on. Step t takes the columns t * stride + e - pad, 0 <= e
// < stride. They belong to the positions t, t - 1, ..., and finish position t - late.
template <int taps, int stride, int rows, class Lanes>
[[gnu::noinline]] void depthwise_block(const DepthwiseRows& at, const float* x, float* y,
                                       int64_t row, Lanes lanes) {
  constexpr int late = (taps - 1) / stride;
  constexpr int last = (taps - 1) % stride;  // the column of a step that finishes a position
  constexpr int image_rows = (rows - 1) * stride + taps;
  const WindowPlaces& w = at.columns;
  const int64_t x_row = w.in * at.pixel;
  const int64_t y_row = w.out * at.pixel;
  const int64_t first_row = row * stride - at.rows.pad;
  const Inside inside = inside_of(at.rows.in, first_row, image_rows);
  Prefetcher prefetch(at.prefetch, x + (first_row + image_rows) * x_row,
                      lanes.channel * rows * stride * w.in);
  x += first_row * x_row - w.pad * at.pixel + lanes.channel;
  y += row * y_row - late * at.pixel + lanes.channel;

  Vec filter[taps][taps];
  unrolled<0, taps>([&](auto r) FASTCNN_INLINE {
    unrolled<0, taps>([&](auto s) FASTCNN_INLINE {
      filter[r.value][s.value] =
          lanes.from(at.kernel + r.value * at.kernel_row + s.value * at.kernel_tap + lanes.channel);
    });
  });
  const Vec first = at.bias != nullptr ? lanes.from(at.bias + lanes.channel) : Vec{};
  const Activation activation = at.activation;
  Vec sum[rows][late + 1];
  for (auto& positions : sum)
    for (Vec& vec : positions) vec = first;

  const auto step = [&](int64_t t, auto edge) FASTCNN_INLINE {
    const auto add = [&](auto e) FASTCNN_INLINE {
      const int64_t u = t * stride + e.value;
      if (edge.value && (u < w.pad || u >= w.pad + w.in)) return;
      unrolled<0, image_rows>([&](auto i) FASTCNN_INLINE {
        if (!inside.has(i.value)) return;
        const Vec pixel = lanes.from(x + i.value * x_row + u * at.pixel);
        unrolled<0, rows>([&](auto m) FASTCNN_INLINE {
          unrolled<0, late + 1>([&](auto q) FASTCNN_INLINE {
            constexpr int r = decltype(i)::value - decltype(m)::value * stride;
            constexpr int s = decltype(q)::value * stride + decltype(e)::value;
            if constexpr (r >= 0 && r < taps && s < taps)
              sum[m.value][q.value] += pixel * filter[r][s];
          });
        });
      });
    };
    if (!edge.value) prefetch.fetch<rows * stride * stride>();
    unrolled<0, last + 1>(add);
    if (!edge.value || t >= late)
      for (int m = 0; m < rows; ++m) {
        float* to = y + m * y_row + t * at.pixel;
        lanes.put(to, 0, clip(sum[m][late], activation), at.non_temporal);
      }
    unrolled<last + 1, stride>(add);
    for (int m = 0; m < rows; ++m) {
      for (int q = late; q > 0; --q) sum[m][q] = sum[m][q - 1];
      sum[m][0] = first;
    }
  };
  for_steps(w.out + late, larger(late, (w.pad + stride - 1) / stride), (w.in + w.pad) / stride,
            step);
}

template <int taps, int stride>
inline void depthwise_blocks(const DepthwiseRows& at, const float* x, float* y) {
  // 25 taps leave no registers for a second row.
  for_row_blocks<taps == 3 ? kDepthwiseRows : 1>(at.begin, at.end, [&](auto rows, int64_t row) {
    for_lane_blocks(at.channels, [&](auto lanes) {
      depthwise_block<taps, stride, decltype(rows)::value>(at, x, y, row, lanes);
    });
  });
}

// Row `row` of the image's gradient under stride 2, of which the tap rows 2 * q + odd meet the
// rows of dy. Step t takes column t of dy and finishes the columns 2 * t + e - pad, e = 0
// and 1.
template <int taps, int odd, class Lanes>
[[gnu::noinline]] void depthwise_spread_block(const DepthwiseRows& at, const float* dy, float* dx,
                                              int64_t row, Lanes lanes) {
  constexpr int late = (taps - 1) / 2;
  constexpr int dy_rows = (taps - odd + 1) / 2;
  const WindowPlaces& w = at.columns;
  const int64_t dy_row = w.out * at.pixel;
  // q counts rows of dy upwards from here.
  const int64_t lowest = (row + at.rows.pad) / 2;
  const Inside inside = inside_of(at.rows.out, lowest - dy_rows + 1, dy_rows);
  // The next row of dy comes with an even row of dx, so the odd one prefetches it.
  Prefetcher prefetch(at.prefetch && odd == 1, dy + (lowest + 1) * dy_row, lanes.channel * w.out);
  dy += lowest * dy_row + lanes.channel;
  dx += (row * w.in - w.pad) * at.pixel + lanes.channel;

  Vec filter[dy_rows][taps];
  unrolled<0, dy_rows>([&](auto q) FASTCNN_INLINE {
    unrolled<0, taps>([&](auto s) FASTCNN_INLINE {
      filter[q.value][s.value] = lanes.from(at.kernel + (2 * q.value + odd) * at.kernel_row +
                                            s.value * at.kernel_tap + lanes.channel);
    });
  });
  Vec sum[2][late + 1] = {};
  const auto step = [&](int64_t t, auto edge) FASTCNN_INLINE {
    if (!edge.value || t < w.out)
      unrolled<0, dy_rows>([&](auto q) FASTCNN_INLINE {
        if (!inside.has(dy_rows - 1 - q.value)) return;
        const Vec slope = lanes.from(dy - q.value * dy_row + t * at.pixel);
        unrolled<0, taps>([&](auto s) FASTCNN_INLINE {
          sum[s.value % 2][s.value / 2] += slope * filter[q.value][s.value];
        });
      });
    if (!edge.value) prefetch.fetch<1>();
    for (int e = 0; e < 2; ++e) {
      const int64_t u = 2 * t + e;
      float* to = dx + u * at.pixel;
      if (!edge.value || (u >= w.pad && u < w.pad + w.in))
        lanes.put(to, 0, sum[e][0], at.non_temporal);
      for (int q = 0; q < late; ++q) sum[e][q] = sum[e][q + 1];
      sum[e][late] = Vec{};
    }
  };
  for_steps((w.in + w.pad + 1) / 2, (w.pad + 1) / 2, smaller(w.out, (w.in + w.pad) / 2), step);
}

template <int taps>
inline void depthwise_spread(const DepthwiseRows& at, const float* dy, float* dx) {
  for (int64_t row = at.begin; row < at.end; ++row)
    for_lane_blocks(at.channels, [&](auto lanes) {
      if ((row + at.rows.pad) % 2 == 0)
        depthwise_spread_block<taps, 0>(at, dy, dx, row, lanes);
      else
        depthwise_spread_block<taps, 1>(at, dy, dx, row, lanes);
    });
}
