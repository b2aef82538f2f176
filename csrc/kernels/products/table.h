#pragma once
#include <cstdint>

#include "kernels/products/args.h"

namespace fastcnn {

struct GemmKernels {
  int64_t lanes;  // of a vector of floats
  // The largest tile of C that stays in registers, and a wider one for few rows.
  int64_t gemm_rows;
  int64_t gemm_vectors;
  int64_t gemm_wide_rows;
  int64_t gemm_wide_vectors;
  int64_t gemm_narrow_sums;  // that gemm_tile_narrow keeps in registers: rows * columns
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/products/gemm.inc"
};

struct BlockedGemmKernels {
  int64_t one_row_vectors;  // of a tile of one row
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/products/blocked_gemm.inc"
};

}  // namespace fastcnn
