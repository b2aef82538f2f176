#pragma once
#include <cstdint>

#include "kernels/random/args.h"

namespace fastcnn {

struct RandomKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/random/random.inc"
};

}  // namespace fastcnn
