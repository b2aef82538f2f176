// The gradients of pooling with the windows of pool_sliding.inl.

// Vectors of a block in the gradients: 3 sums a vector, the window's maximum and its dy, and for
// stride 1 three sums more.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kSlideVectors = 4;
#else
constexpr int kSlideVectors = 2;
#endif

// The first of a window's largest pixels gets all; a NaN among them is the largest.
template <class Channels, int size>
class MaxPoolShare {
 public:
  MaxPoolShare(const PoolWindows& at, const SlidingPool& grad, int64_t window, Channels block,
               bool whole)
      : x_(grad.x + (window * at.stride - at.pad) * at.channels + block.channel),
        at_(at),
        block_(block) {
    const int64_t pixel = window * at.channels + block.channel;
    for (int v = 0; v < Channels::vectors; ++v) {
      dy_[v] = block.from(grad.dy + pixel, v);
      free_[v] = all_lanes();
      // Four pixels are found again sooner than y is brought from memory.
      if (size == 2 && whole)
        largest_[v] = max(max(tap(0, 0, v), tap(0, 1, v)), max(tap(1, 0, v), tap(1, 1, v)));
      else
        largest_[v] = block.from(grad.y + pixel, v);
    }
  }
  [[gnu::always_inline]] bool has_nan() const {
    Vec sum = largest_[0];
    for (int v = 1; v < Channels::vectors; ++v) sum += largest_[v];
    return any(sum != sum);  // or infinities of both signs, which do no harm
  }
  // What pixel (r, k) of the window gets, on top of `sum` if there is one.
  template <bool with_nan, bool add>
  [[gnu::always_inline]] Vec given(int r, int k, int v, Vec sum) {
    const Vec x = tap(r, k, v);
    Mask hit = equal_in(free_[v], x, largest_[v]);
    if (with_nan) hit = both(hit, nan_in(free_[v], x));
    free_[v] = without(free_[v], hit);
    return add ? add_chosen(sum, hit, dy_[v]) : chosen(hit, dy_[v]);
  }

 private:
  [[gnu::always_inline]] Vec tap(int r, int k, int v) const {
    return block_.from(x_ + r * at_.row + k * at_.channels, v);
  }
  const float* x_;
  const PoolWindows& at_;
  Channels block_;
  Vec largest_[Channels::vectors], dy_[Channels::vectors];
  Mask free_[Channels::vectors];
};

template <class Channels, int size>
class AveragePoolShare {
 public:
  AveragePoolShare(const PoolWindows& at, const SlidingPool& grad, int64_t window, Channels block,
                   bool whole) {
    const int64_t pixels =
        whole ? int64_t{size} * size : (grad.end - grad.first) * columns_inside(at, window);
    const float inverse = 1.0f / (float)pixels;
    for (int v = 0; v < Channels::vectors; ++v)
      share_[v] = block.from(grad.dy + window * at.channels + block.channel, v) * inverse;
  }
  static bool has_nan() { return false; }
  template <bool, bool add>
  [[gnu::always_inline]] Vec given(int, int, int v, Vec sum) {
    return add ? sum + share_[v] : share_[v];
  }

 private:
  Vec share_[Channels::vectors];
};

// Takes its arguments by value: what lies elsewhere would be read again after every store.
// What windows give to a column is summed in registers until the last of them has passed; so are
// rows, in grad.carried, until the last row of windows has.
template <template <class, int> class Share, int size, int stride, class Channels>
[[gnu::noinline]] void slide_block(PoolWindows at, SlidingPool grad, Channels block) {
  constexpr int shared = size - stride;
  constexpr int vectors = Channels::vectors;
  Vec carried[size][shared > 0 ? shared : 1][vectors] = {};  // of columns that come next

  // Row r of column c, which no further window of this row reaches.
  const auto finish = [&](auto r, int64_t c, const Vec* sum) FASTCNN_INLINE {
    const int64_t column = c * at.channels + block.channel;
    Vec total[vectors];
    for (int v = 0; v < vectors; ++v) total[v] = sum[v];
    if constexpr (r.value < shared)
      if (!grad.fresh)
        for (int v = 0; v < vectors; ++v)
          total[v] += block.from(grad.carried + r.value * at.row + column, v);
    if constexpr (r.value < stride) {
      if (grad.dx == nullptr) return;
      for (int v = 0; v < vectors; ++v)
        block.put(grad.dx + r.value * at.row + column, v, total[v], grad.non_temporal);
    } else {
      for (int v = 0; v < vectors; ++v)
        block.to(grad.carried + (r.value - stride) * at.row + column, v, total[v]);
    }
  };
  // Window j, with care where parts of it may lie outside or be NaN.
  const auto window = [&](int64_t j, auto& share, auto careful) FASTCNN_INLINE {
    const int64_t first = j * stride - at.pad;
    unrolled<0, size>([&](auto r) FASTCNN_INLINE {
      if (careful.value && (r.value < grad.first || r.value >= grad.end)) return;
      Vec sum[size][vectors];
      unrolled<0, size>([&](auto k) FASTCNN_INLINE {
        const int64_t c = first + k.value;
        for (int v = 0; v < vectors; ++v)
          sum[k.value][v] = k.value < shared ? carried[r.value][k.value][v] : Vec{};
        if (careful.value && (c < 0 || c >= at.width)) return;
        for (int v = 0; v < vectors; ++v)
          sum[k.value][v] = share.template given<(careful.value != 0), (k.value < shared)>(
              r.value, k.value, v, sum[k.value][v]);
        if constexpr (k.value < stride) finish(r, c, sum[k.value]);
      });
      for (int k = 0; k < shared; ++k)
        for (int v = 0; v < vectors; ++v) carried[r.value][k][v] = sum[k + stride][v];
    });
  };
  const bool all_rows = grad.first == 0 && grad.end == size;
  const int64_t whole =
      all_rows && at.width + at.pad >= size ? (at.width + at.pad - size) / stride + 1 : 0;
  for_steps(at.windows, (at.pad + stride - 1) / stride, whole,
            [&](int64_t j, auto edge) FASTCNN_INLINE {
              Share<Channels, size> share(at, grad, j, block, edge.value == 0);
              if (edge.value || __builtin_expect(share.has_nan(), false))
                return window(j, share, Count<1>{});
              window(j, share, Count<0>{});
            });

  // Columns that the last window shares with none, and those behind it.
  const int64_t behind = at.windows * stride - at.pad;
  unrolled<0, size>([&](auto r) FASTCNN_INLINE {
    if (r.value < grad.first || r.value >= grad.end) return;
    unrolled<0, shared>([&](auto k) FASTCNN_INLINE {
      const int64_t c = behind + k.value;
      if (c >= 0 && c < at.width) finish(r, c, carried[r.value][k.value]);
    });
    const Vec nothing[vectors] = {};
    for (int64_t c = larger(behind + shared, 0); c < at.width; ++c) finish(r, c, nothing);
  });
}

template <template <class, int> class Share>
inline void sliding_pool_grad(const PoolWindows& at, const SlidingPool& grad) {
  if (at.size == 2)
    for_channel_blocks_of<kSlideVectors>(
        at.channels, [&](auto block) { slide_block<Share, 2, 2>(at, grad, block); });
  else if (at.stride == 2)
    for_channel_blocks_of<kSlideVectors>(
        at.channels, [&](auto block) { slide_block<Share, 3, 2>(at, grad, block); });
  else
    for_channel_blocks_of<kSlideVectors / 2>(
        at.channels, [&](auto block) { slide_block<Share, 3, 1>(at, grad, block); });
  if (grad.non_temporal) non_temporal_end();
}

void sliding_max_pool_grad(const PoolWindows& at, const SlidingPool& grad) noexcept {
  sliding_pool_grad<MaxPoolShare>(at, grad);
}

void sliding_average_pool_grad(const PoolWindows& at, const SlidingPool& grad) noexcept {
  sliding_pool_grad<AveragePoolShare>(at, grad);
}
