#pragma once
#include "engine/operator.h"
#include "kernels/simd/epilogue.h"

namespace fastcnn {

// What is done to a sum of products before it is first stored: y = act(sum + bias + residual).
// Every convolution and product has one; passes append to it (fastcnn/ops/common/epilogue.py).
struct Epilogue {
  int bias = -1;      // the input that has a number for each channel, or -1
  int residual = -1;  // the input that lies as y does, which may be y's own memory, or -1
  Activation activation = Activation::none;

  const float* bias_of(const Buffers& at) const { return bias < 0 ? nullptr : at.input(bias); }
  const float* residual_of(const Buffers& at) const {
    return residual < 0 ? nullptr : at.input(residual);
  }
};

// What the attribute "activation" of `spec` names. Throws std::invalid_argument for anything else.
Activation activation_from(const OperatorSpec& spec);

// The epilogue of `spec`, whose inputs are two operands, then maybe a bias of `channels` numbers
// and, where the attribute "residual" says so, a residual like `y`; its attribute "activation"
// names the activation. Throws std::invalid_argument for other inputs.
Epilogue epilogue_from(const OperatorSpec& spec, int64_t channels, const Shape& y);

}  // namespace fastcnn
