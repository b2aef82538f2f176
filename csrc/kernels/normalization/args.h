#pragma once
#include <cstdint>
#include <limits>

namespace fastcnn {

// An activation that keeps a number between two bounds. Where it does not, its gradient is 0.
struct Bounds {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

// y = clamp((x - center) * scale + shift (+ residual)); the first three are a number a channel.
// y may be x or residual.
struct Normalize {
  const float* x;
  const float* center;
  const float* scale;
  const float* shift;
  const float* residual;  // like x, or null
  Bounds bounds;
  float* y;
  bool non_temporal;  // y is written with non-temporal stores: it and its rows begin on cache lines
};

// What stops dy: a normalised number that the bounds have cut off. It is computed again from x, as
// Normalize computed it, rather than read.
struct NormalizeGate {
  const float* scale;  // null where nothing stops dy
  const float* shift;
  Bounds bounds;
};

// Sums over rows of dy and of dy * (x - center).
struct DeviationSums {
  const float* x;
  const float* dy;
  const float* center;
  NormalizeGate gate;
  float* sum;
  float* product;
};

// dx = dy * dy_scale + (x - center) * x_scale + shift; the last four are a number a channel. dx may
// be dy or x.
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
  NormalizeGate gate = {};
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
