#pragma once
#include <cstdint>

#include "kernels/arguments.h"

namespace fastcnn {

// What an instruction set with dot products of small numbers adds: bytes to 32-bit integers,
// bfloat16 to float32.
struct DotKernels {
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/dispatch/dot_kernels.inc"
#undef FASTCNN_KERNEL
};

// The kernels of one instruction set. Constant data: filling a table runs no code, so
// importing the library cannot execute an instruction this CPU lacks.
struct KernelTable {
  const char* isa;
  const DotKernels* dot;  // null where the instruction set has none
  // Sizes that belong to the kernels: lanes of a float vector, and the largest tile of C that
  // the GEMM kernels keep in registers (rows, vectors).
  int64_t lanes;
  int64_t gemm_rows;
  int64_t gemm_vectors;
  // A wider tile for few rows.
  int64_t gemm_wide_rows;
  int64_t gemm_wide_vectors;
  // For one row, in blocked_gemm_tile alone.
  int64_t one_row_vectors;
  // Sums that gemm_tile_narrow keeps in registers: rows * columns.
  int64_t gemm_narrow_sums;
#define FASTCNN_KERNEL(name, args) void(*name) args noexcept;
#include "kernels/dispatch/kernels.inc"
#undef FASTCNN_KERNEL
};

}  // namespace fastcnn
