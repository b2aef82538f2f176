#include "ops/elementwise/convert.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/fused.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> elementwise_operators() {
  return {
#define FASTCNN_UNARY(name, flops) {#name, make_unary},
#define FASTCNN_BINARY(name, flops, fusable) {#name, make_binary},
#include "kernels/elementwise/elementwise.def"
      {"cast", make_cast},
      {"fused_elementwise", make_fused_elementwise},
      {"one_hot", make_one_hot},
      {"rescale", make_rescale},
  };
}

}  // namespace fastcnn
