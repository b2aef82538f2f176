template <UnaryOp op>
inline Vec apply(Vec v) {
  if constexpr (op == UnaryOp::relu) return relu(v);
  if constexpr (op == UnaryOp::sigmoid) return sigmoid(v);
  if constexpr (op == UnaryOp::tanh) return tanh(v);
  if constexpr (op == UnaryOp::exp) return exp(v);
  if constexpr (op == UnaryOp::log) return log(v);
  if constexpr (op == UnaryOp::sqrt) return sqrt(v);
  if constexpr (op == UnaryOp::square) return v * v;
  if constexpr (op == UnaryOp::negative) return -v;
  if constexpr (op == UnaryOp::absolute) return as_float(as_int(v) & 0x7fffffff);
  if constexpr (op == UnaryOp::erf) return erf(v);
  if constexpr (op == UnaryOp::expm1) return expm1(v);
  if constexpr (op == UnaryOp::log1p) return log1p(v);
}

template <UnaryOp op>
inline void map_unary(int64_t n, const float* x, float* y, bool non_temporal) {
  map(n, x, y, [](Vec v) { return apply<op>(v); }, non_temporal);
}

inline void unary_of(UnaryOp op, int64_t n, const float* x, float* y, bool non_temporal) {
  switch (op) {
    case UnaryOp::relu:
      return map_unary<UnaryOp::relu>(n, x, y, non_temporal);
    case UnaryOp::sigmoid:
      return map_unary<UnaryOp::sigmoid>(n, x, y, non_temporal);
    case UnaryOp::tanh:
      return map_unary<UnaryOp::tanh>(n, x, y, non_temporal);
    case UnaryOp::exp:
      return map_unary<UnaryOp::exp>(n, x, y, non_temporal);
    case UnaryOp::log:
      return map_unary<UnaryOp::log>(n, x, y, non_temporal);
    case UnaryOp::sqrt:
      return map_unary<UnaryOp::sqrt>(n, x, y, non_temporal);
    case UnaryOp::square:
      return map_unary<UnaryOp::square>(n, x, y, non_temporal);
    case UnaryOp::negative:
      return map_unary<UnaryOp::negative>(n, x, y, non_temporal);
    case UnaryOp::absolute:
      return map_unary<UnaryOp::absolute>(n, x, y, non_temporal);
    case UnaryOp::erf:
      return map_unary<UnaryOp::erf>(n, x, y, non_temporal);
    case UnaryOp::expm1:
      return map_unary<UnaryOp::expm1>(n, x, y, non_temporal);
    case UnaryOp::log1p:
      return map_unary<UnaryOp::log1p>(n, x, y, non_temporal);
  }
}

void unary(UnaryOp op, int64_t n, const float* x, float* y, bool non_temporal) noexcept {
  unary_of(op, n, x, y, non_temporal);
  if (non_temporal) non_temporal_end();
}

// One operand of a row: contiguous, or one number for all columns.
template <int step>
struct RowOperand {
  const float* p;
  Vec all;
  RowOperand(const float* row) : p(row), all(step == 0 ? splat(*row) : Vec{}) {}
  Vec at(int64_t i) const { return step == 0 ? all : load(p + i); }
  Vec head(int64_t i, int64_t n) const { return step == 0 ? all : load_head(p + i, n); }
};

template <int a_step, int b_step, class F>
inline void binary_rows(const BinaryRows& at, F f) {
  for (int64_t r = 0; r < at.rows; ++r) {
    const RowOperand<a_step> a(at.a + r * at.a_row);
    const RowOperand<b_step> b(at.b + r * at.b_row);
    float* y = at.y + r * at.columns;
    int64_t i = before_boundary(y, at.columns);
    if (i > 0) store_head(y, f(a.head(0, i), b.head(0, i)), i);
    i = fill_vectors(i, at.columns, y, at.non_temporal,
                     [=](int64_t place) { return f(a.at(place), b.at(place)); });
    const int64_t left = at.columns - i;
    if (left > 0) store_head(y + i, f(a.head(i, left), b.head(i, left)), left);
  }
}

template <class F>
inline void binary_with(const BinaryRows& at, F f) {
  if (at.a_step == 0) return binary_rows<0, 1>(at, f);
  if (at.b_step == 0) return binary_rows<1, 0>(at, f);
  binary_rows<1, 1>(at, f);
}

template <BinaryOp op>
inline Vec apply(Vec a, Vec b) {
  if constexpr (op == BinaryOp::add) return a + b;
  if constexpr (op == BinaryOp::subtract) return a - b;
  if constexpr (op == BinaryOp::multiply) return a * b;
  if constexpr (op == BinaryOp::divide) return a / b;
  if constexpr (op == BinaryOp::maximum) return max(a, b);
  if constexpr (op == BinaryOp::minimum) return min(a, b);
  if constexpr (op == BinaryOp::greater) return a > b ? splat(1.0f) : Vec{};
  if constexpr (op == BinaryOp::equal) return a == b ? splat(1.0f) : Vec{};
  // Of y and dy. A NaN in y is no reason to hide dy.
  if constexpr (op == BinaryOp::relu_grad) return a <= 0 ? Vec{} : b;
  if constexpr (op == BinaryOp::sigmoid_grad) return b * (a * (1.0f - a));
  if constexpr (op == BinaryOp::tanh_grad) return b * (1.0f - a * a);
}

template <BinaryOp op>
inline void binary_by(const BinaryRows& at) {
  binary_with(at, [](Vec a, Vec b) { return apply<op>(a, b); });
}

inline void binary_of(BinaryOp op, const BinaryRows& at) {
  switch (op) {
    case BinaryOp::add:
      return binary_by<BinaryOp::add>(at);
    case BinaryOp::subtract:
      return binary_by<BinaryOp::subtract>(at);
    case BinaryOp::multiply:
      return binary_by<BinaryOp::multiply>(at);
    case BinaryOp::divide:
      return binary_by<BinaryOp::divide>(at);
    case BinaryOp::maximum:
      return binary_by<BinaryOp::maximum>(at);
    case BinaryOp::minimum:
      return binary_by<BinaryOp::minimum>(at);
    case BinaryOp::greater:
      return binary_by<BinaryOp::greater>(at);
    case BinaryOp::equal:
      return binary_by<BinaryOp::equal>(at);
    case BinaryOp::relu_grad:
      return binary_by<BinaryOp::relu_grad>(at);
    case BinaryOp::sigmoid_grad:
      return binary_by<BinaryOp::sigmoid_grad>(at);
    case BinaryOp::tanh_grad:
      return binary_by<BinaryOp::tanh_grad>(at);
    case BinaryOp::binary_crossentropy:
      return binary_with(at, [](Vec t, Vec p) {
        const Vec q = clipped(p);
        return -(t * log(q) + (1.0f - t) * log(1.0f - q));
      });
    case BinaryOp::binary_crossentropy_logits:
      return binary_with(at, [](Vec t, Vec x) {
        return max(splat(0.0f), x) - x * t + log1p_positive(exp(x < 0 ? x : -x));
      });
    case BinaryOp::binary_crossentropy_slope:
      return binary_with(at, [](Vec t, Vec p) {
        const Vec q = clipped(p);
        return p == q ? (q - t) / (q * (1.0f - q)) : (p == p ? Vec{} : p);
      });
  }
}

void binary(BinaryOp op, const BinaryRows& at) noexcept {
  binary_of(op, at);
  if (at.non_temporal) non_temporal_end();
}

// y[i] = x[i] * scale + offset
void rescale_bytes(int64_t n, const uint8_t* x, float scale, float offset, float* y) noexcept {
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i]) * scale + offset;
}
