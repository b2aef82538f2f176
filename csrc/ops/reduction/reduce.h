#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// y[o, i] = scale * sum over r of x[o, r, i], float32: x is read as (outer, reduced, inner), y as
// (outer, inner). Attributes: outer, reduced, inner, scale. The order of additions depends on
// shapes alone; a sum over nothing is 0 (times scale).
std::unique_ptr<Operator> make_sum(const OperatorSpec& spec);

}  // namespace fastcnn
