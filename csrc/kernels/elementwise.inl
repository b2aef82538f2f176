// The bounds of Keras' clipping, as float32 rounds them.
constexpr float kSmallestProbability = 1e-7f;
constexpr float kLargestProbability = 1.0f - 1e-7f;

// How many of `n` numbers come before the first vector on its boundary, where there are enough for
// stores across cache lines to cost more than a short first vector.
inline int64_t before_boundary(const float* y, int64_t n) {
  constexpr int64_t kEnough = 16 * kLanes;
  return n < kEnough ? 0 : (-(int64_t)(uintptr_t)y & (4 * kLanes - 1)) / 4;
}

// y[i] = f(x[i]); y may be x.
template <class F>
inline void map(int64_t n, const float* x, float* y, F f) {
  int64_t i = before_boundary(y, n);
  if (i > 0) store_head(y, f(load_head(x, i)), i);
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(load(x + i)));
  if (i < n) store_head(y + i, f(load_head(x + i, n - i)), n - i);
}

void unary(UnaryOp op, int64_t n, const float* x, float* y) noexcept {
  switch (op) {
    case UnaryOp::relu:
      return map(n, x, y, [](Vec v) { return relu(v); });
    case UnaryOp::sigmoid:
      return map(n, x, y, [](Vec v) { return sigmoid(v); });
    case UnaryOp::tanh:
      return map(n, x, y, [](Vec v) { return tanh(v); });
    case UnaryOp::exp:
      return map(n, x, y, [](Vec v) { return exp(v); });
    case UnaryOp::log:
      return map(n, x, y, [](Vec v) { return log(v); });
    case UnaryOp::sqrt:
      return map(n, x, y, [](Vec v) { return sqrt(v); });
    case UnaryOp::square:
      return map(n, x, y, [](Vec v) { return v * v; });
    case UnaryOp::negative:
      return map(n, x, y, [](Vec v) { return -v; });
    case UnaryOp::absolute:
      return map(n, x, y, [](Vec v) { return as_float(as_int(v) & 0x7fffffff); });
  }
}

// A probability kept away from 0 and 1, as Keras does; NaN stays.
inline Vec clipped(Vec p) {
  return below(splat(kLargestProbability), above(splat(kSmallestProbability), p));
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
    for (; i + kLanes <= at.columns; i += kLanes) store(y + i, f(a.at(i), b.at(i)));
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

void binary(BinaryOp op, const BinaryRows& at) noexcept {
  switch (op) {
    case BinaryOp::add:
      return binary_with(at, [](Vec a, Vec b) { return a + b; });
    case BinaryOp::subtract:
      return binary_with(at, [](Vec a, Vec b) { return a - b; });
    case BinaryOp::multiply:
      return binary_with(at, [](Vec a, Vec b) { return a * b; });
    case BinaryOp::divide:
      return binary_with(at, [](Vec a, Vec b) { return a / b; });
    case BinaryOp::maximum:
      return binary_with(at, [](Vec a, Vec b) { return max(a, b); });
    case BinaryOp::minimum:
      return binary_with(at, [](Vec a, Vec b) { return min(a, b); });
    case BinaryOp::greater:
      return binary_with(at, [](Vec a, Vec b) { return a > b ? splat(1.0f) : Vec{}; });
    case BinaryOp::equal:
      return binary_with(at, [](Vec a, Vec b) { return a == b ? splat(1.0f) : Vec{}; });
    // A NaN in y is no reason to hide dy.
    case BinaryOp::relu_grad:
      return binary_with(at, [](Vec y, Vec dy) { return y <= 0 ? Vec{} : dy; });
    case BinaryOp::sigmoid_grad:
      return binary_with(at, [](Vec y, Vec dy) { return dy * (y * (1.0f - y)); });
    case BinaryOp::tanh_grad:
      return binary_with(at, [](Vec y, Vec dy) { return dy * (1.0f - y * y); });
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
