// What is done to a result before it is first stored.

inline Vec activate(Vec x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::relu6:
      return relu6(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::tanh:
      return tanh(x);
    case Activation::silu:
      return silu(x);
    case Activation::hard_silu:
      return hard_silu(x);
    case Activation::gelu:
      return gelu(x);
  }
  return x;
}

// The activation where it is one that is applied in registers; x itself otherwise.
inline Vec clip(Vec x, Activation activation) {
  if (activation == Activation::relu) return relu(x);
  if (activation == Activation::relu6) return relu6(x);
  return x;
}

// 2 x 2 max-pooling of finished sums that are still in registers.
struct PooledWindow {
  Vec largest;
  VecInt which;  // the pixel: the first of equals, the first NaN
};

// ReLU keeps the order, so it is applied to the largest alone; where that gives zero all four were
// equal.
inline PooledWindow pool_window(const Vec (&pixel)[kPooledPixels], Activation activation) {
  Vec largest = pixel[0];
  VecInt which{};
  for (int i = 1; i < kPooledPixels; ++i) {
    const Vec x = pixel[i];
    const VecInt wins = (x > largest) | ((x != x) & (largest == largest));
    largest = wins ? x : largest;
    which = wins ? VecInt{} + i : which;
  }
  if (activation == Activation::relu) {
    which = largest <= 0 ? VecInt{} : which;
    largest = relu(largest);
  }
  return {largest, which};
}
