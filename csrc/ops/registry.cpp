#include "base/check.h"
#include "engine/operator.h"
#include "ops/convolution/direct.h"
#include "ops/elementwise/convert.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/fused.h"
#include "ops/loss/crossentropy.h"
#include "ops/loss/softmax.h"
#include "ops/loss/sparsemax.h"
#include "ops/movement/movement.h"
#include "ops/movement/resample.h"
#include "ops/normalization/batch_norm.h"
#include "ops/normalization/group_norm.h"
#include "ops/normalization/layer_norm.h"
#include "ops/optimizer/update.h"
#include "ops/pooling/pool_2d.h"
#include "ops/pooling/pool_nd.h"
#include "ops/products/matmul.h"
#include "ops/random/random.h"
#include "ops/reduction/ranking.h"
#include "ops/reduction/reduce.h"
#include "ops/reduction/weighted_histogram.h"

namespace fastcnn {
namespace {

struct Row {
  const char* op;
  std::unique_ptr<Operator> (*make)(const OperatorSpec&);
};

// Every operation that Python can name.
constexpr Row kRows[] = {
#define FASTCNN_UNARY(name, flops) {#name, make_unary},
#define FASTCNN_BINARY(name, flops, fusable) {#name, make_binary},
    {"adadelta_update", make_update},
    {"adagrad_update", make_update},
    {"adam_update", make_update},
    {"adamax_update", make_update},
    {"argmax", make_argmax},
    {"assign_moving_average", make_assign_moving_average},
    {"average_pool", make_average_pool},
    {"average_pool2d", make_average_pool2d},
    {"average_pool2d_grad", make_average_pool2d_grad},
    {"average_pool_grad", make_average_pool_grad},
    {"batch_normalization", make_batch_normalization},
    {"batch_normalization_input_grad", make_batch_normalization_input_grad},
    {"batch_normalization_sums", make_batch_normalization_sums},
    {"batch_normalization_training", make_batch_normalization_training},
    {"broadcast_to", make_broadcast_to},
    {"cast", make_cast},
    {"chain", make_fused_elementwise},
    {"concatenate", make_concatenate},
    {"conv", make_conv},
    {"conv2d", make_conv},
    {"conv2d_input_grad", make_conv_input_grad},
    {"conv2d_kernel_grad", make_conv_kernel_grad},
    {"conv2d_max_pool", make_conv2d_max_pool},
    {"conv_input_grad", make_conv_input_grad},
    {"conv_kernel_grad", make_conv_kernel_grad},
    {"conv_transpose", make_conv_transpose},
    {"copy", make_copy},
    {"crossentropy", make_crossentropy},
    {"crossentropy_grad", make_crossentropy_grad},
    {"dropout", make_dropout},
    {"fold_seed", make_fold_seed},
    {"ftrl_update", make_update},
    {"group_normalization", make_group_normalization},
    {"group_normalization_grad", make_group_normalization_grad},
    {"in_top_k", make_in_top_k},
    {"layer_normalization", make_layer_normalization},
    {"layer_normalization_grad", make_layer_normalization_grad},
    {"lion_update", make_update},
    {"log_softmax", make_softmax},
    {"log_softmax_grad", make_softmax},
    {"matmul", make_matmul},
    {"max_pool", make_max_pool},
    {"max_pool2d", make_max_pool2d},
    {"max_pool2d_argmax_grad", make_max_pool2d_argmax_grad},
    {"max_pool2d_grad", make_max_pool2d_grad},
    {"max_pool_grad", make_max_pool_grad},
    {"max_pool_select", make_max_pool_select},
    {"momentum_accumulate", make_update},
    {"nadam_update", make_update},
    {"one_hot", make_one_hot},
    {"random_normal", make_random_normal},
    {"resample", make_resample},
    {"rescale", make_rescale},
    {"rmsprop_update", make_update},
    {"scale_diagonal", make_scale_diagonal},
    {"sgd_update", make_update},
    {"slice", make_slice},
    {"slice_grad", make_slice_grad},
    {"softmax", make_softmax},
    {"softmax_grad", make_softmax},
    {"sparsemax", make_sparsemax},
    {"sum", make_sum},
    {"sum_of_squares", make_sum_of_squares},
    {"transpose", make_transpose},
    {"weighted_histogram_2d", make_weighted_histogram_2d},
};

}  // namespace

std::unique_ptr<Operator> create_operator(const OperatorSpec& spec) {
  for (const Row& row : kRows)
    if (spec.op == row.op) {
      std::unique_ptr<Operator> step = row.make(spec);
      step->inputs = spec.inputs;
      step->outputs = spec.outputs;
      return step;
    }
  check(false, "unknown operation '", spec.op, "'");
  return nullptr;
}

}  // namespace fastcnn
