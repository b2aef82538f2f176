#include "ops/pooling/pool_2d.h"
#include "ops/pooling/pool_nd.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> pooling_operators() {
  return {
      {"average_pool", make_average_pool},
      {"average_pool_grad", make_average_pool_grad},
      {"max_pool", make_max_pool},
      {"max_pool2d_argmax_grad", make_max_pool2d_argmax_grad},
      {"max_pool_grad", make_max_pool_grad},
      {"max_pool_select", make_max_pool_select},
  };
}

}  // namespace fastcnn
