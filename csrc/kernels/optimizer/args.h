#pragma once
#include <cstdint>

namespace fastcnn {

// How an update turns the gradient into a step. Beside it: what slots and coefficients hold.
enum class UpdateRule : int32_t {
  sgd,
  momentum,                   // slot velocity; momentum factor
  nesterov,                   // the same
  momentum_accumulate,        // the variable itself: momentum factor
  adam,                       // m, v; factors of the new m and v, epsilon
  amsgrad,                    // m, v, largest v; the same
  rmsprop,                    // v; factors of old and new v, epsilon
  rmsprop_momentum,           // v, velocity; the same and the factor of the old velocity
  rmsprop_centered,           // v, mean gradient
  rmsprop_centered_momentum,  // v, mean gradient, velocity
  adagrad,                    // sum of squares; epsilon
  adadelta,                   // squared gradients, squared steps; factors of old and new, epsilon
  adamax,                     // m, norm; factors of the new m and of the old norm, epsilon
  nadam,                      // m, v; as adam, factors of m, of the gradient and of v
  ftrl,  // sum of squares, linear; l1, twice l2, twice shrinkage, power, 1 / rate
  lion   // m; factors of m and gradient in the step, then in the new m
};
constexpr int kUpdateSlots = 3;
constexpr int kUpdateCoefficients = 6;

// One block of a variable's update. What lies in new_... may lie where the old one does.
struct UpdateBlock {
  const float* gradient;
  const float* variable;
  float* new_variable;
  const float* slot[kUpdateSlots];
  float* new_slot[kUpdateSlots];
  float rate;          // of the step
  float decay_factor;  // of the variable, before it
  float factor;        // of the gradient, after `sum` is added and before its elements are held to
  float limit;         // +-limit
  float coefficient[kUpdateCoefficients];
  const float* sum;      // of earlier gradients, or null
  float* new_sum;        // becomes 0
  const float* average;  // of the variable over steps, or null
  float* new_average;
  float average_factor;  // factor of the old average
  bool overwrite;        // the variable becomes its average
};

}  // namespace fastcnn
