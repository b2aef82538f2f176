// The gradient of depthwise filters: those that depthwise_common.inl describes slide along columns.

#if defined(__AVX512F__) || defined(__aarch64__)
// 25 sums, 5 pixels of dy and one of x: 31 registers.
constexpr int kDepthwiseGradTaps = 5;
#else
// 10 sums, 5 pixels of dy and one of x: 16.
constexpr int kDepthwiseGradTaps = 2;
#endif
// Adds what `rows` rows of dy from `row` on give to the tap rows [tap, tap + tap_rows) of the
// kernel's gradient. Operator t meets its columns, as in depthwise_block, with the pixels t, t - 1,
// ... of dy.
template <int taps, int tap_rows, int stride, int rows, class Lanes>
[[gnu::noinline]] void depthwise_grad_block(const DepthwiseRows& at, const float* x,
                                            const float* dy, float* dkernel, int64_t row, int tap,
                                            Lanes lanes) {
  constexpr int late = (taps - 1) / stride;
  constexpr int image_rows = (rows - 1) * stride + tap_rows;
  const WindowPlaces& w = at.columns;
  const int64_t x_row = w.in * at.pixel;
  const int64_t dy_row = w.out * at.pixel;
  const int64_t first_row = row * stride - at.rows.pad + tap;
  const Inside inside = inside_of(at.rows.in, first_row, image_rows);
  // The first tap rows prefetch what all need.
  Prefetcher prefetch_x(at.prefetch && tap == 0,
                        x + (row * stride - at.rows.pad + (rows - 1) * stride + taps) * x_row,
                        lanes.channel * rows * stride * w.in);
  Prefetcher prefetch_dy(at.prefetch && tap == 0, dy + (row + rows) * dy_row,
                         lanes.channel * rows * w.out);
  x += first_row * x_row - w.pad * at.pixel + lanes.channel;
  dy += row * dy_row + lanes.channel;

  Vec sum[tap_rows][taps] = {};
  Vec slope[rows][late + 1] = {};
  const auto step = [&](int64_t t, auto edge) FASTCNN_INLINE {
    unrolled<0, rows>([&](auto m) FASTCNN_INLINE {
      for (int q = late; q > 0; --q) slope[m.value][q] = slope[m.value][q - 1];
      if (!edge.value || t < w.out)
        slope[m.value][0] = lanes.from(dy + m.value * dy_row + t * at.pixel);
    });
    if (!edge.value) {
      prefetch_x.fetch<rows * stride * stride>();
      prefetch_dy.fetch<rows>();
    }
    unrolled<0, stride>([&](auto e) FASTCNN_INLINE {
      const int64_t u = t * stride + e.value;
      if (edge.value && (u < w.pad || u >= w.pad + w.in)) return;
      unrolled<0, image_rows>([&](auto i) FASTCNN_INLINE {
        if (!inside.has(i.value)) return;
        const Vec pixel = lanes.from(x + i.value * x_row + u * at.pixel);
        unrolled<0, late + 1>([&](auto q) FASTCNN_INLINE {
          // No pixel of dy there: not even zero times infinity.
          if (edge.value && (t < q.value || t - q.value >= w.out)) return;
          unrolled<0, rows>([&](auto m) FASTCNN_INLINE {
            constexpr int r = decltype(i)::value - decltype(m)::value * stride;
            constexpr int s = decltype(q)::value * stride + decltype(e)::value;
            if constexpr (r >= 0 && r < tap_rows && s < taps)
              sum[r][s] += pixel * slope[m.value][q.value];
          });
        });
      });
    });
  };
  for_steps(w.out + late, larger(late, (w.pad + stride - 1) / stride),
            smaller(w.out, (w.in + w.pad) / stride), step);
  unrolled<0, tap_rows>([&](auto r) FASTCNN_INLINE {
    unrolled<0, taps>([&](auto s) FASTCNN_INLINE {
      float* to =
          dkernel + (tap + r.value) * at.kernel_row + s.value * at.kernel_tap + lanes.channel;
      lanes.to(to, lanes.from(to) + sum[r.value][s.value]);
    });
  });
}

template <int taps, int stride>
inline void depthwise_grad_blocks(const DepthwiseRows& at, const float* x, const float* dy,
                                  float* dkernel) {
  constexpr int most = taps == 3 ? kDepthwiseRows : 1;
  constexpr int together = taps == 3 ? 3 : kDepthwiseGradTaps;
  for_row_blocks<most>(at.begin, at.end, [&](auto rows, int64_t row) {
    constexpr int block = decltype(rows)::value;
    for_lane_blocks(at.channels, [&](auto lanes) {
      int tap = 0;
      for (; tap + together <= taps; tap += together)
        depthwise_grad_block<taps, together, stride, block>(at, x, dy, dkernel, row, tap, lanes);
      if constexpr (taps % together != 0)
        depthwise_grad_block<taps, taps % together, stride, block>(at, x, dy, dkernel, row, tap,
                                                                   lanes);
    });
  });
}

// dkernel[r][s][c] += sum of x * dy over the rows at hand.
void depthwise_kernel_grad_rows(const DepthwiseRows& at, const float* x, const float* dy,
                                float* dkernel) noexcept {
  const bool fixed = with_fixed_sizes(at, [&](auto taps, auto stride) {
    depthwise_grad_blocks<decltype(taps)::value, decltype(stride)::value>(at, x, dy, dkernel);
  });
  if (fixed) return;
  const WindowPlaces& w = at.columns;
  for (int64_t i = at.begin; i < at.end; ++i) {
    const TapRange rows = tap_range(at.rows, i);
    for_channel_blocks(at.channels, [&](auto block) {
      for (int64_t r = rows.begin; r < rows.end; ++r)
        for (int64_t s = 0; s < w.taps; ++s) {
          // Positions whose tap s lies inside: 0 <= j * stride + first < in.
          const int64_t first = s * w.dilation - w.pad;
          const int64_t begin = first >= 0 ? 0 : (-first + w.stride - 1) / w.stride;
          const int64_t room = w.in - first;
          const int64_t end = room <= 0 ? 0 : smaller(w.out, (room + w.stride - 1) / w.stride);
          float* sums = dkernel + r * at.kernel_row + s * at.kernel_tap + block.channel;
          Vec sum[block.vectors];
          for (int v = 0; v < block.vectors; ++v) sum[v] = block.from(sums, v);
          const int64_t row = i * at.rows.stride + r * at.rows.dilation - at.rows.pad;
          const float* pixel = x + (row * w.in + first) * at.pixel + block.channel;
          const float* slope = dy + i * w.out * at.pixel + block.channel;
          for (int64_t j = begin; j < end; ++j)
            for (int v = 0; v < block.vectors; ++v)
              sum[v] += block.from(pixel + j * w.stride * at.pixel, v) *
                        block.from(slope + j * at.pixel, v);
          for (int v = 0; v < block.vectors; ++v) block.to(sums, v, sum[v]);
        }
    });
  }
}
