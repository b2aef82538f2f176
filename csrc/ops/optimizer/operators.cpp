#include "ops/optimizer/update.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> optimizer_operators() {
  return {
      {"adadelta_update", make_update},
      {"adagrad_update", make_update},
      {"adam_update", make_update},
      {"adamax_update", make_update},
      {"assign_moving_average", make_assign_moving_average},
      {"ftrl_update", make_update},
      {"lion_update", make_update},
      {"momentum_accumulate", make_update},
      {"nadam_update", make_update},
      {"rmsprop_update", make_update},
      {"scale_diagonal", make_scale_diagonal},
      {"sgd_update", make_update},
      {"sum_of_squares", make_sum_of_squares},
  };
}

}  // namespace fastcnn
