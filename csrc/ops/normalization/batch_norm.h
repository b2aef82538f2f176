#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Batch normalisation of x, float32, over all axes but the last; everything else has shape
// (channels,). Attribute: epsilon. deviation = sqrt(variance + epsilon).

// y = (x - mean) / deviation * gamma + beta from inputs x, gamma, beta, mean, variance.
std::unique_ptr<Operator> make_batch_normalization(const OperatorSpec& spec);

// y, mean, variance from inputs x, gamma, beta: the same with the statistics of x itself. The
// variance is divided by the count; over no rows both are NaN.
std::unique_ptr<Operator> make_batch_normalization_training(const OperatorSpec& spec);

// Sums over rows from inputs x, dy, mean, variance: dgamma = sum of dy * (x - mean) / deviation,
// dbeta = sum of dy.
std::unique_ptr<Operator> make_batch_normalization_sums(const OperatorSpec& spec);

// dx through y of the training form, from inputs x, dy, gamma, mean, variance, dgamma, dbeta:
// gamma / deviation * (dy - dbeta / count - (x - mean) / deviation * dgamma / count).
std::unique_ptr<Operator> make_batch_normalization_input_grad(const OperatorSpec& spec);

}  // namespace fastcnn
