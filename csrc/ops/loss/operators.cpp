#include "ops/loss/crossentropy.h"
#include "ops/loss/softmax.h"
#include "ops/loss/sparsemax.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> loss_operators() {
  return {
      {"crossentropy", make_crossentropy}, {"crossentropy_grad", make_crossentropy_grad},
      {"log_softmax", make_softmax},       {"log_softmax_grad", make_softmax},
      {"softmax", make_softmax},           {"softmax_grad", make_softmax},
      {"sparsemax", make_sparsemax},
  };
}

}  // namespace fastcnn
