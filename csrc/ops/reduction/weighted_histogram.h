#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// y[r, c] = sum of weights[i] where row_indices[i] = r and column_indices[i] = c: inputs are these
// two, integer vectors of one length, and float32 weights; output float32 (R, C). Pairs outside of
// y are left out. Sums are kept in float64, so ones are counted exactly.
std::unique_ptr<Operator> make_weighted_histogram_2d(const OperatorSpec& spec);

}  // namespace fastcnn
