#include "ops/products/matmul.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> products_operators() {
  return {
      {"matmul", make_matmul},
  };
}

}  // namespace fastcnn
