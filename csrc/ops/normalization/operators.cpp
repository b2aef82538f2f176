#include "ops/normalization/batch_norm.h"
#include "ops/normalization/group_norm.h"
#include "ops/normalization/layer_norm.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> normalization_operators() {
  return {
      {"batch_normalization", make_batch_normalization},
      {"batch_normalization_input_grad", make_batch_normalization_input_grad},
      {"batch_normalization_sums", make_batch_normalization_sums},
      {"batch_normalization_training", make_batch_normalization_training},
      {"group_normalization", make_group_normalization},
      {"group_normalization_grad", make_group_normalization_grad},
      {"layer_normalization", make_layer_normalization},
      {"layer_normalization_grad", make_layer_normalization_grad},
  };
}

}  // namespace fastcnn
