#pragma once
#include <cstdint>

namespace fastcnn {

// Cross-entropy of rows of scores. The truth is a row of weights, or the index of one class.
struct CrossentropyRows {
  int64_t rows, columns;  // columns >= 1
  const float* scores;
  const float* target;    // a weight for each score, or null where there are labels
  const int64_t* labels;  // a row's class; the row becomes NaN where it is none
  const float* dy;        // one a row; for the gradient only
  float* y;               // one a row; the gradient: one a score, may be scores itself
  bool logits;            // scores are logits, not probabilities
};

}  // namespace fastcnn
