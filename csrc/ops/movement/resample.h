#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// "resample": a sparse matrix applied to one axis, as all ways of resizing images do:
//   y[o][j][i] = sum over t in [starts[j], starts[j + 1]) of weight[t] * x[o][rows[t]][i].
// Inputs x (outer, in, inner) and weight, one number a term; attributes "starts", one more than
// y's middle axis is long, and "rows".
std::unique_ptr<Operator> make_resample(const OperatorSpec& spec);

}  // namespace fastcnn
