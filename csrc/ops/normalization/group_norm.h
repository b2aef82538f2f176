#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Normalisation of groups of neighbouring channels of each example of x (examples, ..., channels),
// float32; gamma and beta have shape (channels,), mean and variance (examples, groups). Attributes:
// epsilon, groups.

// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, mean, variance from inputs x, gamma,
// beta.
std::unique_ptr<Operator> make_group_normalization(const OperatorSpec& spec);

// dx, dgamma, dbeta through y, from inputs x, dy, gamma, mean, variance.
std::unique_ptr<Operator> make_group_normalization_grad(const OperatorSpec& spec);

}  // namespace fastcnn
