#pragma once
#include <cstdint>

#include "kernels/loss/args.h"

namespace fastcnn {

struct LossKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/loss/loss.inc"
};

}  // namespace fastcnn
