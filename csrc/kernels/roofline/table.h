#pragma once
#include <cstdint>

#include "kernels/roofline/args.h"

namespace fastcnn {

struct RooflineKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/roofline/roofline.inc"
};

// What an instruction set with dot products of small numbers adds: bytes to 32-bit integers,
// bfloat16 to float32.
struct RooflineDotKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/roofline/roofline_dot.inc"
};

}  // namespace fastcnn
