#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Normalisation of x, float32, over its last axes, which are those of gamma and beta; mean and
// variance have shape (rows, 1) with a row for each place along the other axes. Attributes:
// epsilon; centered, without which the mean counts as 0. position = (x - mean) / sqrt(variance +
// epsilon).

// y = position * gamma + beta, mean, variance from inputs x, gamma, beta.
std::unique_ptr<Operator> make_layer_normalization(const OperatorSpec& spec);

// dx, dgamma, dbeta through y, from inputs x, dy, gamma, mean, variance.
std::unique_ptr<Operator> make_layer_normalization_grad(const OperatorSpec& spec);

}  // namespace fastcnn
