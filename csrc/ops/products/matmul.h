#pragma once
#include <memory>

#include "engine/operator.h"
#include "ops/products/blocked_gemm.h"

namespace fastcnn {

// c = epilogue(op(a) * op(b)): a (m, k) or, with transpose_a, (k, m); b (k, n) or, with
// transpose_b, (n, k). Attributes: transpose_a, transpose_b and those of the epilogue.
std::unique_ptr<Operator> make_matmul(const OperatorSpec& spec);
// The same without epilogue, for operands that have been checked: inputs a and b, output c.
std::unique_ptr<Operator> make_blocked_gemm(const BlockedGemmShape& shape);

}  // namespace fastcnn
