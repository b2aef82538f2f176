#pragma once
#include <cstdint>

#include "kernels/optimizer/args.h"

namespace fastcnn {

struct OptimizerKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/optimizer/optimizer.inc"
};

}  // namespace fastcnn
