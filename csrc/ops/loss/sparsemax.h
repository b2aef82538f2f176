#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// The point nearest to each row of x, float32 (..., n), whose elements are at least 0 and sum to 1:
// y = max(x - tau, 0). Martins & Astudillo 2016, "From Softmax to Sparsemax". A row with a NaN, or
// without a finite largest element, becomes NaN.
std::unique_ptr<Operator> make_sparsemax(const OperatorSpec& spec);

}  // namespace fastcnn
