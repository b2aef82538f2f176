#pragma once
#include <cstdint>

#include "kernels/simd/epilogue.h"

namespace fastcnn {

// No GEMM tile is larger, on any instruction set.
constexpr int64_t kMostGemmRows = 32;
constexpr int64_t kMostGemmColumns = 64;

// A term of the sum of a GemmTile: where its rows of A and of B begin, in numbers.
struct GemmTap {
  int64_t a;
  int64_t b;
};

// One tile of the batch-reduce GEMM:
//   C[m][n] = act(sum over t, k of A[m][t][k] * B[t][k][n] + bias[n] + addend[m][n]), where
//   A[m][t] = a + a_row[m] + tap[t].a, B[t][k] = b + tap[t].b + k * b_stride, C[m] = c + c_row[m],
//   addend[m] = addend + c_row[m]
struct GemmTile {
  int64_t rows;        // of A: 1 to KernelTable::gemm_rows
  int64_t columns;     // of C: 1 to gemm_vectors * lanes; wider for up to gemm_wide_rows rows
  int64_t batch;       // terms t
  int64_t depth;       // k of each term
  const GemmTap* tap;  // `batch` of them
  const float* a;
  const int64_t* a_row;  // `rows` distances
  const float* b;        // whole vectors are read, so rows are padded to lanes
  int64_t b_stride;
  float* c;
  const int64_t* c_row;
  // Null for zeros, C itself to add to what it holds, or what else lies as C does. Not for
  // gemm_tile_pooled.
  const float* addend;
  bool non_temporal;  // C is written with non-temporal stores: whole vectors on their boundaries
  const float* bias;  // `columns` numbers, or null for zeros
  Activation activation;
  // gemm_tile_pooled alone: where the largest of each window stood, or null; as c otherwise.
  uint8_t* argmax;
  // What the tile after this one will read, for the cache to fetch meanwhile, or null: like a,
  // a_row and tap.
  const float* next;
  const int64_t* next_row;
  const GemmTap* next_tap;
};

// Most columns of gemm_tile_narrow, whose B is stored transposed: B[t][n] = b + tap[t].b + n *
// b_stride is contiguous in k. Its tiles have up to gemm_narrow_sums / columns rows; a_row has
// entries for all, each that of a row which may be read.
constexpr int64_t kNarrowN = 4;

// A run of k whose rows of A and B lie at constant distances.
struct Segment {
  const float* a;
  const float* b;
  int64_t depth;
};

// The same with A read transposed: C[m][n] (+)= sum over s, k of
//   segment[s].a[k * a_stride + m] * segment[s].b[k * b_stride + n]
struct TransposedGemmTile {
  int64_t rows;
  int64_t columns;
  int64_t segments;
  const Segment* segment;
  int64_t a_offset;  // added to every segment's a and b, so that one list serves all tiles
  int64_t b_offset;
  int64_t a_stride;
  int64_t b_stride;
  float* c;
  int64_t c_stride;
  bool accumulate;
};

// One tile of a product of matrices:
//   C[m][n] = act(sum over k of A[m][k] * b[k * b_stride + n] + bias[n] + addend[m][n])
struct BlockedGemmTile {
  int64_t rows;     // of C: 1 to KernelTable::gemm_rows
  int64_t columns;  // of C: 1 to width
  int64_t width;    // numbers of b that are read: 1 or 2 vectors; to gemm_wide_rows rows 3 or 4
                    // as well; for one row also 8
  int64_t depth;    // k
  // A[m][k] is a[m * a_row + k] where a_step is 1, else a[m + k * a_step].
  const float* a;
  int64_t a_row;
  int64_t a_step;
  const float* b;
  int64_t b_stride;
  // What will be read after this tile: a line of cache for each k is prefetched, `prefetch_step`
  // numbers apart, unless that is 0. Any address will do.
  const float* prefetch;
  int64_t prefetch_step;
  float* c;
  int64_t c_stride;
  // Null for zeros, C itself to add to what it holds, or what else lies as C does.
  const float* addend;
  bool non_temporal;  // C is written with non-temporal stores: whole vectors on their boundaries,
                      // and activations that are applied in registers
  const float* bias;  // `columns` numbers, or null for zeros
  Activation activation;
};

}  // namespace fastcnn
