// In-place updates of variables. A result may lie where its operand does.

void blend(int64_t n, float a_weight, const float* a, float b_weight, const float* b,
           float* y) noexcept {
  const auto f = [&](Vec p, Vec q) { return p * a_weight + q * b_weight; };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(load(a + i), load(b + i)));
  if (i < n) store_head(y + i, f(load_head(a + i, n - i), load_head(b + i, n - i)), n - i);
}

// x to the power p, x >= 0.
inline Vec power(Vec x, float p) {
  if (p == 0.5f) return sqrt(x);
  return p == 0 ? splat(1.0f) : exp(log(x) * p);
}

// The variable after a step of the rule from w along gradient g; slots are read and written.
template <UpdateRule rule, class Load, class Store>
inline Vec stepped(const UpdateBlock& at, Vec g, Vec w, const Load& slot, const Store& put) {
  const float* c = at.coefficient;
  switch (rule) {
    case UpdateRule::sgd:
      return w - g * at.rate;
    case UpdateRule::momentum:
    case UpdateRule::nesterov: {
      const Vec change = g * -at.rate;
      const Vec velocity = slot(0) * c[0] + change;
      put(0, velocity);
      return w + (rule == UpdateRule::nesterov ? velocity * c[0] + change : velocity);
    }
    case UpdateRule::momentum_accumulate:
      return w * c[0] + g;
    case UpdateRule::adam:
    case UpdateRule::amsgrad:
    case UpdateRule::nadam: {
      const Vec m0 = slot(0), v0 = slot(1);
      const Vec m = m0 + (g - m0) * c[0];
      Vec v = v0 + (g * g - v0) * c[1];
      put(0, m);
      put(1, v);
      if (rule == UpdateRule::nadam)
        return w - (m * c[3] + g * c[4]) * at.rate / (sqrt(v * c[5]) + c[2]);
      if (rule == UpdateRule::amsgrad) {
        v = max(slot(2), v);
        put(2, v);
      }
      return w - m * at.rate / (sqrt(v) + c[2]);
    }
    case UpdateRule::rmsprop:
    case UpdateRule::rmsprop_momentum:
    case UpdateRule::rmsprop_centered:
    case UpdateRule::rmsprop_centered_momentum: {
      constexpr bool centered =
          rule == UpdateRule::rmsprop_centered || rule == UpdateRule::rmsprop_centered_momentum;
      const Vec v = slot(0) * c[0] + g * g * c[1];
      put(0, v);
      Vec divisor = v;
      if (centered) {
        const Vec mean = slot(1) * c[0] + g * c[1];
        put(1, mean);
        divisor = v - mean * mean;
      }
      const Vec change = g * at.rate / sqrt(divisor + c[2]);
      if (rule == UpdateRule::rmsprop || rule == UpdateRule::rmsprop_centered) return w - change;
      const Vec velocity = slot(1 + centered) * c[3] + change;
      put(1 + centered, velocity);
      return w - velocity;
    }
    case UpdateRule::adagrad: {
      const Vec sum = slot(0) + g * g;
      put(0, sum);
      return w - g * at.rate / sqrt(sum + c[0]);
    }
    case UpdateRule::adadelta: {
      const Vec v = slot(0) * c[0] + g * g * c[1], steps = slot(1);
      put(0, v);
      const Vec change = sqrt((steps + c[2]) / (v + c[2])) * g;
      put(1, steps * c[0] + change * change * c[1]);
      return w - change * at.rate;
    }
    case UpdateRule::adamax: {
      const Vec m0 = slot(0);
      const Vec m = m0 + (g - m0) * c[0];
      const Vec norm = max(slot(1) * c[1], g < 0 ? -g : g);
      put(0, m);
      put(1, norm);
      return w - m * at.rate / (norm + c[2]);
    }
    case UpdateRule::ftrl: {
      const Vec sum0 = slot(0);
      const Vec sum = sum0 + g * g;
      const Vec root = power(sum, c[3]);
      const Vec linear = slot(1) + (g + w * c[2] - (root - power(sum0, c[3])) * c[4] * w);
      put(0, sum);
      put(1, linear);
      const Vec held = clamp(splat(-c[0]), splat(c[0]), linear);
      return (held - linear) / (root * c[4] + c[1]);
    }
    case UpdateRule::lion: {
      const Vec m = slot(0);
      const Vec way = m * c[0] + g * c[1];
      put(0, m * c[2] + g * c[3]);
      // 0 and NaN stay what they are.
      const Vec sign = way > 0 ? splat(1.0f) : way < 0 ? splat(-1.0f) : way;
      return w - sign * at.rate;
    }
  }
  return w;
}

template <class Lanes>
inline Vec averaged(const UpdateBlock& at, const Lanes& block, int64_t i, Vec w) {
  const Vec average =
      block.from(at.average + i, 0) * at.average_factor + w * (1.0f - at.average_factor);
  block.to(at.new_average + i, 0, average);
  return at.overwrite ? average : w;
}

template <UpdateRule rule, bool partial>
inline void update_vector(const UpdateBlock& at, int64_t i, int64_t left) {
  const ChannelBlock<1, partial> block{i, left};
  Vec g = block.from(at.gradient + i, 0);
  if (at.sum != nullptr) {
    g += block.from(at.sum + i, 0);
    block.to(at.new_sum + i, 0, Vec{});
  }
  g = clamp(splat(-at.limit), splat(at.limit), g * at.factor);
  Vec w = stepped<rule>(
      at, g, block.from(at.variable + i, 0) * at.decay_factor,
      [&](int k) { return block.from(at.slot[k] + i, 0); },
      [&](int k, Vec value) { block.to(at.new_slot[k] + i, 0, value); });
  if (at.average != nullptr) w = averaged(at, block, i, w);
  block.to(at.new_variable + i, 0, w);
}

template <UpdateRule rule>
inline void update_by(int64_t n, const UpdateBlock& block) {
  // A copy, which no store can change: its numbers stay in registers.
  const UpdateBlock at = block;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) update_vector<rule, false>(at, i, kLanes);
  if (i < n) update_vector<rule, true>(at, i, n - i);
}

void update(UpdateRule rule, int64_t n, const UpdateBlock& at) noexcept {
  switch (rule) {
#define FASTCNN_RULE(name) \
  case UpdateRule::name:   \
    return update_by<UpdateRule::name>(n, at);
    FASTCNN_RULE(sgd)
    FASTCNN_RULE(momentum)
    FASTCNN_RULE(nesterov)
    FASTCNN_RULE(momentum_accumulate)
    FASTCNN_RULE(adam)
    FASTCNN_RULE(amsgrad)
    FASTCNN_RULE(rmsprop)
    FASTCNN_RULE(rmsprop_momentum)
    FASTCNN_RULE(rmsprop_centered)
    FASTCNN_RULE(rmsprop_centered_momentum)
    FASTCNN_RULE(adagrad)
    FASTCNN_RULE(adadelta)
    FASTCNN_RULE(adamax)
    FASTCNN_RULE(nadam)
    FASTCNN_RULE(ftrl)
    FASTCNN_RULE(lion)
#undef FASTCNN_RULE
  }
}

// A step that only gathers: the gradient is added to the sum, the variable joins its average.
template <bool partial>
inline void wait_vector(const UpdateBlock& at, int64_t i, int64_t left) {
  const ChannelBlock<1, partial> block{i, left};
  if (at.sum != nullptr)
    block.to(at.new_sum + i, 0, block.from(at.sum + i, 0) + block.from(at.gradient + i, 0));
  if (at.average != nullptr)
    block.to(at.new_variable + i, 0, averaged(at, block, i, block.from(at.variable + i, 0)));
}

void update_wait(int64_t n, const UpdateBlock& block) noexcept {
  const UpdateBlock at = block;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) wait_vector<false>(at, i, kLanes);
  if (i < n) wait_vector<true>(at, i, n - i);
}

// y[0] = sum of (x[i] + addend[i])^2, in an order that n fixes; addend may be null.
void sum_squares(int64_t n, const float* x, const float* addend, float* y) noexcept {
  constexpr int64_t kChains = 4;
  Vec sum[kChains] = {};
  const auto add = [&](Vec& to, int64_t i, int64_t count) {
    Vec v = load_head(x + i, count);
    if (addend != nullptr) v += load_head(addend + i, count);
    to += v * v;
  };
  int64_t i = 0;
  for (; i + kChains * kLanes <= n; i += kChains * kLanes)
    for (int64_t c = 0; c < kChains; ++c) add(sum[c], i + c * kLanes, kLanes);
  for (; i + kLanes <= n; i += kLanes) add(sum[0], i, kLanes);
  if (i < n) add(sum[1], i, n - i);
  *y = sum_of_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
}
