#pragma once
#include <cstdint>

namespace fastcnn {

// dx = dy * dy_scale + (x - center) * x_scale + shift; the last four are a number a channel.
struct NormalizeGrad {
  const float* x;
  const float* dy;
  float* dx;
  const float* center;
  const float* dy_scale;
  const float* x_scale;
  const float* shift;
  bool
      non_temporal;  // dx is written with non-temporal stores: it and its rows begin on cache lines
};

// Rows of `columns` numbers, each with a mean and a variance of its own.
struct LayerNorm {
  int64_t rows;
  int64_t columns;
  const float* x;
  const float* gamma;
  const float* beta;
  float epsilon;
  bool centered;
  float* y;
  float* mean;
  float* variance;
  bool non_temporal;  // y is written with non-temporal stores: it and its rows begin on cache lines
};

struct LayerNormGrad {
  int64_t rows;
  int64_t columns;
  const float* x;
  const float* dy;
  const float* gamma;
  const float* mean;
  const float* variance;
  float epsilon;
  bool centered;
  float* dx;
  float* dgamma;
  float* dbeta;
};

}  // namespace fastcnn
