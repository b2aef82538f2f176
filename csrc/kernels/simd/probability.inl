// The bounds of Keras' clipping, as float32 rounds them.
constexpr float kSmallestProbability = 1e-7f;
constexpr float kLargestProbability = 1.0f - 1e-7f;

// A probability kept away from 0 and 1, as Keras does; NaN stays.
inline Vec clipped(Vec p) {
  return min_number(splat(kLargestProbability), max_number(splat(kSmallestProbability), p));
}
