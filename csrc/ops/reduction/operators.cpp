#include "ops/reduction/ranking.h"
#include "ops/reduction/reduce.h"
#include "ops/reduction/weighted_histogram.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> reduction_operators() {
  return {
      {"argmax", make_argmax},
      {"in_top_k", make_in_top_k},
      {"sum", make_sum},
      {"weighted_histogram_2d", make_weighted_histogram_2d},
  };
}

}  // namespace fastcnn
