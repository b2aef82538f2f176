#pragma once
#include <cstdint>

#include "kernels/pooling/args.h"

namespace fastcnn {

struct PoolKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/pooling/pool.inc"
};

struct Pool2dKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/pooling/pool_2d.inc"
};

struct SlidingPoolKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/pooling/sliding_pool.inc"
};

}  // namespace fastcnn
