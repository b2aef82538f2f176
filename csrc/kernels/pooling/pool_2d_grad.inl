// Gradients of pooling, vectorised over channels: one row of windows a call. Windows of
// pool_sliding.inl have kernels of their own (pool_sliding_grad.inl).

// One row of 2 x 2 windows: dy goes to the pixel that argmax names, the others get zeros.
void max_unpool_row(int64_t windows, int64_t channels, const uint8_t* argmax, const float* dy,
                    float* top, float* bottom) noexcept {
  for (int64_t j = 0; j < windows; ++j) {
    for_row(channels, [&](int64_t i, int64_t n) {
      const VecInt which = load_bytes(argmax + i, n);
      const Vec share = load_head(dy + i, n);
      store_head(top + i, which == 0 ? share : Vec{}, n);
      store_head(top + channels + i, which == 1 ? share : Vec{}, n);
      store_head(bottom + i, which == 2 ? share : Vec{}, n);
      store_head(bottom + channels + i, which == 3 ? share : Vec{}, n);
    });
    argmax += channels;
    dy += channels;
    top += 2 * channels;
    bottom += 2 * channels;
  }
}

// Writes zeros to columns [begin, end) of the rows that the caller owns.
inline void clear_columns(const PoolWindows& at, const PoolGradient& grad, int64_t begin,
                          int64_t end) {
  if (begin >= end) return;
  for (int64_t r = grad.own_begin; r < grad.own_end; ++r) {
    float* dx = grad.dx + r * at.row;
    for (int64_t i = begin * at.channels; i < end * at.channels; ++i) dx[i] = 0;
  }
}

// Calls body(window, its columns) for every window of a row, and clears the columns between
// windows that do not overlap.
template <class Body>
inline void for_windows(const PoolWindows& at, const PoolGradient& grad, const Body& body) {
  int64_t done = 0;
  for (int64_t j = 0; j < at.windows; ++j) {
    const Reach reach = reach_of(at, j);
    if (!grad.add) clear_columns(at, grad, done, reach.begin);
    body(j * at.channels, reach);
    done = reach.end;
  }
  if (!grad.add) clear_columns(at, grad, done, at.width);
}

template <bool add>
inline void max_pool_grad(const PoolWindows& at, const PoolGradient& grad) {
  for_windows(at, grad, [&](int64_t pixel, Reach reach) {
    for_channel_blocks(at.channels, [&](auto block) {
      Vec largest[block.vectors], unclaimed[block.vectors];
      for (int v = 0; v < block.vectors; ++v) {
        largest[v] = block.from(grad.y + pixel + block.channel, v);
        unclaimed[v] = block.from(grad.dy + pixel + block.channel, v);
      }
      for (int64_t r = 0; r < grad.own_end; ++r) {
        const bool own = r >= grad.own_begin;
        for (int64_t c = reach.begin; c < reach.end; ++c) {
          const int64_t at_tap = r * at.row + c * at.channels + block.channel;
          for (int v = 0; v < block.vectors; ++v) {
            const Vec x = block.from(grad.x + at_tap, v);
            // A NaN among the pixels is the maximum.
            const auto hit = (x == largest[v]) | (x != x);
            const Vec share = hit ? unclaimed[v] : splat(0.0f);
            unclaimed[v] = hit ? splat(0.0f) : unclaimed[v];
            if (!own) continue;
            block.to(grad.dx + at_tap, v, add ? block.from(grad.dx + at_tap, v) + share : share);
          }
        }
      }
    });
  });
}

void max_pool_grad_row(const PoolWindows& at, const PoolGradient& grad) noexcept {
  grad.add ? max_pool_grad<true>(at, grad) : max_pool_grad<false>(at, grad);
}

template <bool add>
inline void average_pool_grad(const PoolWindows& at, const PoolGradient& grad) {
  for_windows(at, grad, [&](int64_t pixel, Reach reach) {
    const float inverse = 1.0f / (float)(at.rows * (reach.end - reach.begin));
    for_channel_blocks(at.channels, [&](auto block) {
      Vec share[block.vectors];
      for (int v = 0; v < block.vectors; ++v)
        share[v] = block.from(grad.dy + pixel + block.channel, v) * inverse;
      for (int64_t r = grad.own_begin; r < grad.own_end; ++r)
        for (int64_t c = reach.begin; c < reach.end; ++c) {
          float* dx = grad.dx + r * at.row + c * at.channels + block.channel;
          for (int v = 0; v < block.vectors; ++v)
            block.to(dx, v, add ? block.from(dx, v) + share[v] : share[v]);
        }
    });
  });
}

void average_pool_grad_row(const PoolWindows& at, const PoolGradient& grad) noexcept {
  if (!grad.add && one_wide_window(at)) {
    const float inverse = 1.0f / (float)(at.rows * at.width);
    float* dx = grad.dx + grad.own_begin * at.row;
    for (int64_t p = at.width * (grad.own_end - grad.own_begin); p > 0; --p, dx += at.channels)
      for_row(at.channels, [&](int64_t i, int64_t n) {
        store_head(dx + i, load_head(grad.dy + i, n) * inverse, n);
      });
    return;
  }
  grad.add ? average_pool_grad<true>(at, grad) : average_pool_grad<false>(at, grad);
}
