#pragma once
#include <cstdint>

#include "kernels/elementwise/args.h"

namespace fastcnn {

struct ElementwiseKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/elementwise/elementwise.inc"
};

}  // namespace fastcnn
