#include "ops/movement/movement.h"
#include "ops/movement/resample.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> movement_operators() {
  return {
      {"broadcast_to", make_broadcast_to},
      {"concatenate", make_concatenate},
      {"copy", make_copy},
      {"resample", make_resample},
      {"slice", make_slice},
      {"slice_grad", make_slice_grad},
      {"transpose", make_transpose},
  };
}

}  // namespace fastcnn
