#pragma once
#include <memory>

#include "engine/operator.h"
#include "ops/products/blocked_gemm.h"

namespace fastcnn {

// c = act(op(a) * op(b) + bias): a (m, k) or, with transpose_a, (k, m); b (k, n) or, with
// transpose_b, (n, k); bias (n,) or absent. Attributes: transpose_a, transpose_b, activation.
std::unique_ptr<Operator> make_matmul(const OperatorSpec& spec);
// The same for operands that have been checked: inputs a, b and maybe bias, output c.
std::unique_ptr<Operator> make_blocked_gemm(const BlockedGemmShape& shape, bool has_bias);

}  // namespace fastcnn
