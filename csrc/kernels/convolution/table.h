#pragma once
#include <cstdint>

#include "kernels/convolution/args.h"

namespace fastcnn {

struct WinogradKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/convolution/winograd.inc"
};

struct DepthwiseKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/convolution/depthwise.inc"
};

struct DepthwiseFilterGradKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/convolution/depthwise_filter_grad.inc"
};

}  // namespace fastcnn
