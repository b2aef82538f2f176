#include "ops/convolution/direct.h"
#include "ops/registry.h"

namespace fastcnn {

std::vector<OperatorRow> convolution_operators() {
  return {
      {"conv", make_conv},
      {"conv2d_max_pool", make_conv2d_max_pool},
      {"conv_input_grad", make_conv_input_grad},
      {"conv_kernel_grad", make_conv_kernel_grad},
      {"conv_transpose", make_conv_transpose},
  };
}

}  // namespace fastcnn
