#pragma once
#include <cstdint>

namespace fastcnn {

struct ReductionKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/reduction/reduction.inc"
};

}  // namespace fastcnn
