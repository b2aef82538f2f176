#pragma once
#include <memory>

#include "engine/step.h"

namespace fastcnn {

// Updates of variables, float32. Outputs have the shapes of the inputs of the same name, and lie
// where those do when Python writes variables in place.

// variable, value -> variable = variable * momentum + value * (1 - momentum).
// Attribute: momentum.
std::unique_ptr<Step> make_assign_moving_average(const StepSpec& spec);

// variable, gradient, learning_rate (scalar), maybe velocity -> variable, maybe velocity.
// Attributes: momentum, nesterov.
//   without velocity: variable -= learning_rate * gradient
//   with it: velocity = momentum * velocity - learning_rate * gradient; variable += velocity,
//   or, with nesterov, += momentum * velocity - learning_rate * gradient.
std::unique_ptr<Step> make_sgd_update(const StepSpec& spec);

// variable, gradient, m, v, learning_rate (scalar), step (scalar, float32 or int64, 1 in the first
// step) -> variable, m, v. Attributes: beta_1, beta_2, epsilon.
//   m += (gradient - m) * (1 - beta_1); v += (gradient^2 - v) * (1 - beta_2)
//   variable -= learning_rate * sqrt(1 - beta_2^step) / (1 - beta_1^step) * m / (sqrt(v) + epsilon)
std::unique_ptr<Step> make_adam_update(const StepSpec& spec);

}  // namespace fastcnn
