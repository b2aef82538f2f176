#pragma once
#include <memory>

#include "engine/operator.h"
#include "ops/common/epilogue.h"
#include "ops/convolution/shape.h"

namespace fastcnn {

// Convolution in which every channel has a filter of its own. The dense tile would use one lane of
// its vectors for it; here channels fill them.

// The operators of direct.h for such shapes; operands have been checked.
std::unique_ptr<Operator> make_depthwise(const ConvShape& conv, const Epilogue& epilogue);
std::unique_ptr<Operator> make_depthwise_input_grad(const ConvShape& conv);
std::unique_ptr<Operator> make_depthwise_kernel_grad(const ConvShape& conv);

}  // namespace fastcnn
