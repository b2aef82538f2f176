// Cross-entropy of rows and its gradient with respect to the scores.
//
//   logits          y = sum over i of -t[i] * log(softmax(x)[i])
//   probabilities   y = sum over i of -t[i] * log(clip(x[i] / sum(x)))
//
// t is the target or, with labels, 1 at the label and 0 elsewhere. Probabilities that sum to 0,
// which nothing can be said of, count as equal ones, and no gradient passes.

inline bool is_class(int64_t label, int64_t columns) { return label >= 0 && label < columns; }

inline float logits_loss(int64_t columns, const float* x, const float* t, int64_t label) {
  const Vec largest = splat(largest_of(columns, x));
  const Vec log_sum = log(splat(sum_along(columns, [&](int64_t i, int64_t n) {
    return head_of(exp_of_negative(load_head(x + i, n) - largest), Vec{}, n);
  })));
  if (t == nullptr) return (log_sum - (x[label] - largest))[0];
  return sum_along(columns, [&](int64_t i, int64_t n) {
    const Vec logs = (load_head(x + i, n) - largest) - log_sum;
    const Vec target = load_head(t + i, n);
    // A class that cannot be has a logit, and a logarithm, of minus infinity.
    return head_of(target == 0 ? Vec{} : -target * logs, Vec{}, n);
  });
}

inline float probability_loss(int64_t columns, const float* x, const float* t, int64_t label) {
  const Vec sum =
      splat(sum_along(columns, [&](int64_t i, int64_t n) { return load_head(x + i, n); }));
  const Vec equal = splat(1.0f / static_cast<float>(columns));
  const auto minus_log = [&](Vec p) { return -log(clipped(sum == 0 ? equal : p / sum)); };
  if (t == nullptr) return minus_log(splat(x[label]))[0];
  return sum_along(columns, [&](int64_t i, int64_t n) {
    return head_of(load_head(t + i, n) * minus_log(load_head(x + i, n)), Vec{}, n);
  });
}

void crossentropy(const CrossentropyRows& at) noexcept {
  for (int64_t r = 0; r < at.rows; ++r) {
    const float* x = at.scores + r * at.columns;
    const float* t = at.target == nullptr ? nullptr : at.target + r * at.columns;
    const int64_t label = t == nullptr ? at.labels[r] : 0;
    if (!is_class(label, at.columns))
      at.y[r] = __builtin_nanf("");
    else
      at.y[r] = at.logits ? logits_loss(at.columns, x, t, label)
                          : probability_loss(at.columns, x, t, label);
  }
}

// dx = dy * (softmax(x) * sum(t) - t)
inline void logits_grad(int64_t columns, const float* x, const float* t, int64_t label, float dy,
                        float* dx) {
  const Vec largest = splat(largest_of(columns, x));
  const float sum = sum_along(columns, [&](int64_t i, int64_t n) {
    const Vec e = exp_of_negative(load_head(x + i, n) - largest);
    store_head(dx + i, e, n);
    return head_of(e, Vec{}, n);
  });
  if (t == nullptr) {
    const float scale = dy / sum;
    map(columns, dx, dx, [&](Vec e) { return e * scale; });
    dx[label] -= dy;
    return;
  }
  const float weight =
      sum_along(columns, [&](int64_t i, int64_t n) { return load_head(t + i, n); }) / sum;
  for_row(columns, [&](int64_t i, int64_t n) {
    store_head(dx + i, (load_head(dx + i, n) * weight - load_head(t + i, n)) * dy, n);
  });
}

// With p = x / sum and g = -t / p where clipping leaves p alone, else 0:
//   dx = dy / sum * (g - sum(g * p))
inline void probability_grad(int64_t columns, const float* x, const float* t, int64_t label,
                             float dy, float* dx) {
  const Vec sum =
      splat(sum_along(columns, [&](int64_t i, int64_t n) { return load_head(x + i, n); }));
  const auto inside = [](Vec p) {
    return (p >= splat(kSmallestProbability)) & (p <= splat(kLargestProbability));
  };
  if (sum[0] == 0) {
    map(columns, x, dx, [](Vec) { return Vec{}; });
    return;
  }
  // A NaN in the row has made the sum NaN, and 0 / sum carries it on.
  const Vec scale = dy / sum;
  if (t == nullptr) {
    const Vec p = splat(x[label]) / sum;
    const float slope = (inside(p) ? 1.0f / p : Vec{})[0];
    const Vec others = slope > 0 ? scale : scale * 0.0f;
    map(columns, x, dx, [&](Vec) { return others; });
    dx[label] -= slope * scale[0];
    return;
  }
  const float weight = sum_along(columns, [&](int64_t i, int64_t n) {
    return inside(load_head(x + i, n) / sum) ? load_head(t + i, n) : Vec{};
  });
  for_row(columns, [&](int64_t i, int64_t n) {
    const Vec p = load_head(x + i, n) / sum;
    const Vec slope = inside(p) ? load_head(t + i, n) / p : Vec{};
    store_head(dx + i, scale * (weight - slope), n);
  });
}

void crossentropy_grad(const CrossentropyRows& at) noexcept {
  for (int64_t r = 0; r < at.rows; ++r) {
    const float* x = at.scores + r * at.columns;
    float* dx = at.y + r * at.columns;
    const float* t = at.target == nullptr ? nullptr : at.target + r * at.columns;
    const int64_t label = t == nullptr ? at.labels[r] : 0;
    if (!is_class(label, at.columns))
      map(at.columns, x, dx, [](Vec) { return splat(__builtin_nanf("")); });
    else if (at.logits)
      logits_grad(at.columns, x, t, label, at.dy[r], dx);
    else
      probability_grad(at.columns, x, t, label, at.dy[r], dx);
  }
}
