#pragma once
#include <cstdint>

#include "kernels/movement/args.h"

namespace fastcnn {

struct MovementKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/movement/movement.inc"
};

}  // namespace fastcnn
