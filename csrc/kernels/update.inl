// In-place updates of variables. A result may lie where its operand does.

void blend(int64_t n, float share, const float* a, float other_share, const float* b,
           float* y) noexcept {
  const auto f = [&](Vec p, Vec q) { return p * share + q * other_share; };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(load(a + i), load(b + i)));
  if (i < n) store_head(y + i, f(load_head(a + i, n - i), load_head(b + i, n - i)), n - i);
}

template <bool partial>
inline void sgd_vector(const SgdBlock& at, int64_t i, int64_t left) {
  const Strip<1, partial> strip{i, left};
  const Vec gradient = strip.from(at.gradient + i, 0);
  Vec change = gradient * -at.learning_rate;
  if (at.velocity != nullptr) {
    const Vec velocity = strip.from(at.velocity + i, 0) * at.momentum + change;
    strip.to(at.new_velocity + i, 0, velocity);
    change = at.nesterov ? velocity * at.momentum + change : velocity;
  }
  strip.to(at.new_variable + i, 0, strip.from(at.variable + i, 0) + change);
}

void sgd_update(int64_t n, const SgdBlock& at) noexcept {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sgd_vector<false>(at, i, kLanes);
  if (i < n) sgd_vector<true>(at, i, n - i);
}

template <bool partial>
inline void adam_vector(const AdamBlock& at, int64_t i, int64_t left) {
  const Strip<1, partial> strip{i, left};
  const Vec gradient = strip.from(at.gradient + i, 0);
  const Vec m0 = strip.from(at.m + i, 0);
  const Vec v0 = strip.from(at.v + i, 0);
  const Vec m = m0 + (gradient - m0) * at.m_share;
  const Vec v = v0 + (gradient * gradient - v0) * at.v_share;
  strip.to(at.new_m + i, 0, m);
  strip.to(at.new_v + i, 0, v);
  const Vec change = m * at.rate / (sqrt(v) + at.epsilon);
  strip.to(at.new_variable + i, 0, strip.from(at.variable + i, 0) - change);
}

void adam_update(int64_t n, const AdamBlock& at) noexcept {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) adam_vector<false>(at, i, kLanes);
  if (i < n) adam_vector<true>(at, i, n - i);
}
