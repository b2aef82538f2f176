#include "ops/random/random.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> random_operators() {
  return {
      {"dropout", make_dropout},
      {"fold_seed", make_fold_seed},
      {"random_normal", make_random_normal},
  };
}

}  // namespace fastcnn
