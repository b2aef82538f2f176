#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Along the last axis, float32: softmax and log_softmax of x; softmax_grad and log_softmax_grad
// of (y, dy), where y is the forward result.
std::unique_ptr<Operator> make_softmax(const OperatorSpec& spec);

}  // namespace fastcnn
