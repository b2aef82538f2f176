#pragma once
#include <cstdint>

#include "kernels/normalization/args.h"

namespace fastcnn {

struct NormalizationKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/normalization/normalization.inc"
};

}  // namespace fastcnn
