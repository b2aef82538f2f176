#pragma once
#include <cstdint>

namespace fastcnn {

// One for each row of elementwise.def.
enum class UnaryOp : int32_t {
#define FASTCNN_UNARY(name, flops) name,
#include "kernels/elementwise/elementwise.def"
};

enum class BinaryOp : int32_t {
#define FASTCNN_BINARY(name, flops, fusable) name,
#include "kernels/elementwise/elementwise.def"
};

// y[r][i] = op(a[r * a_row + i * a_step], b[r * b_row + i * b_step]), steps 0 or 1, y contiguous.
// y may be a or b itself where that one is contiguous too.
struct BinaryRows {
  int64_t rows, columns;
  const float* a;
  int64_t a_row, a_step;
  const float* b;
  int64_t b_row, b_step;
  float* y;
  bool non_temporal;  // y is written with non-temporal stores; it is neither a nor b then
};

// Vectors that fused elementwise operations keeps in registers.
constexpr int64_t kFusedVectors = 8;
constexpr int64_t kMaxFusedOps = 256;

enum class FusedAction : int32_t { load, save, unary, binary, swapped, store };
// How an operand goes on from group to group: not at all, or with the place in a block, at whose
// end it begins again, or with the numbers of the output.
enum class OperandAdvance : int32_t { never, in_block, always };

// What is done to the vectors in registers. binary: with those at p as second operand, swapped: as
// the first.
struct FusedOp {
  FusedAction act;
  UnaryOp unary;
  BinaryOp binary;
  float* p;  // only `save` and `store`, the last, write; `save` never moves
  OperandAdvance moves;
};

struct FusedGroups {
  int64_t groups;        // of kFusedVectors vectors
  int64_t place, block;  // where in a block the first begins; no less than a group
  int64_t count;         // operations, kMaxFusedOps at most
  const FusedOp* link;
  bool non_temporal;  // what is stored is written with non-temporal stores, to whole vectors on
                      // their boundaries
};

}  // namespace fastcnn
