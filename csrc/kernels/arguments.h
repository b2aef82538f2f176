#pragma once
#include <cstdint>

namespace fastcnn {

// What is applied to a finished value before it is stored.
enum class Activation : int32_t { none, relu, sigmoid, tanh };

// One tile of the batch-reduce GEMM:
//   C[m][n] = act(sum over t, k of a[t * rows + m][k] * b[t][k * b_stride + n] + bias[n])
struct GemmTile {
  int64_t rows;           // of C: 1 to KernelTable::gemm_rows
  int64_t columns;        // of C: 1 to gemm_vectors * lanes
  int64_t batch;          // terms t
  int64_t depth;          // k of each term
  const float* const* a;  // batch * rows pointers, each to `depth` contiguous numbers
  const float* const* b;  // batch pointers; whole vectors are read, so rows are padded to lanes
  int64_t b_stride;
  float* const* c;  // one pointer a row
  bool accumulate;  // add to what C holds instead of starting from zero
  const float* bias;  // `columns` numbers or null
  Activation activation;
};

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

}  // namespace fastcnn
