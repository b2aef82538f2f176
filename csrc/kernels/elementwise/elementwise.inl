// What each row of elementwise.def computes.
template <UnaryOp op>
Vec apply(Vec x);
template <BinaryOp op>
Vec apply(Vec a, Vec b);

template <>
inline Vec apply<UnaryOp::relu>(Vec x) {
  return relu(x);
}
template <>
inline Vec apply<UnaryOp::relu6>(Vec x) {
  return relu6(x);
}
template <>
inline Vec apply<UnaryOp::sigmoid>(Vec x) {
  return sigmoid(x);
}
template <>
inline Vec apply<UnaryOp::tanh>(Vec x) {
  return tanh(x);
}
template <>
inline Vec apply<UnaryOp::exp>(Vec x) {
  return exp(x);
}
template <>
inline Vec apply<UnaryOp::log>(Vec x) {
  return log(x);
}
template <>
inline Vec apply<UnaryOp::sqrt>(Vec x) {
  return sqrt(x);
}
template <>
inline Vec apply<UnaryOp::rsqrt>(Vec x) {
  return splat(1.0f) / sqrt(x);
}
template <>
inline Vec apply<UnaryOp::square>(Vec x) {
  return x * x;
}
template <>
inline Vec apply<UnaryOp::negative>(Vec x) {
  return -x;
}
template <>
inline Vec apply<UnaryOp::absolute>(Vec x) {
  return as_float(as_int(x) & 0x7fffffff);
}
template <>
inline Vec apply<UnaryOp::sign>(Vec x) {
  return x > 0 ? splat(1.0f) : x < 0 ? splat(-1.0f) : x;
}
template <>
inline Vec apply<UnaryOp::erf>(Vec x) {
  return erf(x);
}
template <>
inline Vec apply<UnaryOp::expm1>(Vec x) {
  return expm1(x);
}
template <>
inline Vec apply<UnaryOp::log1p>(Vec x) {
  return log1p(x);
}
template <>
inline Vec apply<UnaryOp::silu>(Vec x) {
  return silu(x);
}
template <>
inline Vec apply<UnaryOp::hard_silu>(Vec x) {
  return hard_silu(x);
}
template <>
inline Vec apply<UnaryOp::gelu>(Vec x) {
  return gelu(x);
}

template <>
inline Vec apply<BinaryOp::add>(Vec a, Vec b) {
  return a + b;
}
template <>
inline Vec apply<BinaryOp::subtract>(Vec a, Vec b) {
  return a - b;
}
template <>
inline Vec apply<BinaryOp::multiply>(Vec a, Vec b) {
  return a * b;
}
template <>
inline Vec apply<BinaryOp::divide>(Vec a, Vec b) {
  return a / b;
}
template <>
inline Vec apply<BinaryOp::maximum>(Vec a, Vec b) {
  return max(a, b);
}
template <>
inline Vec apply<BinaryOp::minimum>(Vec a, Vec b) {
  return min(a, b);
}
template <>
inline Vec apply<BinaryOp::greater>(Vec a, Vec b) {
  return a > b ? splat(1.0f) : Vec{};
}
template <>
inline Vec apply<BinaryOp::equal>(Vec a, Vec b) {
  return a == b ? splat(1.0f) : Vec{};
}
// A product with the mask would make NaN of an infinity.
template <>
inline Vec apply<BinaryOp::masked>(Vec x, Vec mask) {
  return mask == 0 ? Vec{} : x;
}
// A NaN in y is no reason to hide dy.
template <>
inline Vec apply<BinaryOp::relu_grad>(Vec y, Vec dy) {
  return y <= 0 ? Vec{} : dy;
}
template <>
inline Vec apply<BinaryOp::relu6_grad>(Vec y, Vec dy) {
  return (y <= 0) | (y >= 6) ? Vec{} : dy;
}
template <>
inline Vec apply<BinaryOp::sigmoid_grad>(Vec y, Vec dy) {
  return dy * (y * (1.0f - y));
}
template <>
inline Vec apply<BinaryOp::tanh_grad>(Vec y, Vec dy) {
  return dy * (1.0f - y * y);
}
template <>
inline Vec apply<BinaryOp::binary_crossentropy>(Vec t, Vec p) {
  const Vec q = clipped(p);
  return -(t * log(q) + (1.0f - t) * log(1.0f - q));
}
template <>
inline Vec apply<BinaryOp::binary_crossentropy_logits>(Vec t, Vec x) {
  return max(splat(0.0f), x) - x * t + log1p_positive(exp(x < 0 ? x : -x));
}
template <>
inline Vec apply<BinaryOp::binary_crossentropy_derivative>(Vec t, Vec p) {
  const Vec q = clipped(p);
  return p == q ? (q - t) / (q * (1.0f - q)) : (p == p ? Vec{} : p);
}

template <UnaryOp op>
inline void map_unary(int64_t n, const float* x, float* y, bool non_temporal) {
  map(n, x, y, [](Vec v) { return apply<op>(v); }, non_temporal);
}

inline void unary_of(UnaryOp op, int64_t n, const float* x, float* y, bool non_temporal) {
  switch (op) {
#define FASTCNN_UNARY(name, flops) \
  case UnaryOp::name:              \
    return map_unary<UnaryOp::name>(n, x, y, non_temporal);
#include "kernels/elementwise/elementwise.def"
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

template <BinaryOp op>
inline void binary_by(const BinaryRows& at) {
  const auto f = [](Vec a, Vec b) { return apply<op>(a, b); };
  if (at.a_step == 0) return binary_rows<0, 1>(at, f);
  if (at.b_step == 0) return binary_rows<1, 0>(at, f);
  binary_rows<1, 1>(at, f);
}

inline void binary_of(BinaryOp op, const BinaryRows& at) {
  switch (op) {
#define FASTCNN_BINARY(name, flops, fusable) \
  case BinaryOp::name:                       \
    return binary_by<BinaryOp::name>(at);
#include "kernels/elementwise/elementwise.def"
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
