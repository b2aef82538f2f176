#pragma once
#include <cstdint>
#include <string>

#include "engine/operator.h"
#include "kernels/dispatch/table.h"
#include "kernels/simd/epilogue.h"

namespace fastcnn {

// C (rows x columns) = act(op(A) (rows x k) * op(B) (k x columns) + bias + residual).
struct BlockedGemmShape {
  int64_t rows, columns, k;
  bool transpose_a;  // A lies as (k, rows)
  bool transpose_b;  // B lies as (columns, k)
  Activation activation;
};

struct GemmOperands {
  const float* a;
  const float* b;
  const float* bias;      // `columns` numbers or null
  const float* residual;  // like c, which it may be; or null
  float* c;
};

// The blocked product of two matrices, for GEMM, dense layers and gradients that are products.
//
// `k` is cut into blocks, and of each block B into panels of a tile's width, as many as stay
// in L2 together. Against those goes one tile of rows of A after the other, which stays in L1.
// C is read and written once a block.
class BlockedGemm {
 public:
  explicit BlockedGemm(const BlockedGemmShape& shape);

  // Long sums over few numbers of C are cut into parts, by shape alone, which a second phase adds.
  int phases() const { return parts_ > 1 ? 2 : 1; }
  int64_t items(int phase) const;
  int64_t scratch_bytes() const;
  int64_t thread_scratch_bytes() const;
  // Scratch, thread scratch and, where it was packed, B are those of `at`.
  void run(int phase, int64_t item, const GemmOperands& operands, const Buffers& at) const noexcept;
  Cost cost() const;
  // See Operator::algorithm().
  std::string algorithm() const;

  // Whether a packed form of B is of any use, and whether it is for one run.
  bool packs() const { return !in_place_; }
  bool packs_in_run() const { return row_blocks_ > 1; }
  int64_t packed_bytes() const { return shape_.k * padded_columns_ * 4; }
  int64_t pack_items() const { return panels_; }
  void pack(int64_t item, const float* b, float* packed) const noexcept;
  // Names the layout of packed B.
  std::string layout() const;

 private:
  struct Run {
    int64_t from, to;
    int64_t size() const { return to - from; }
  };
  // Where rows of a panel, or of a piece of one, lie.
  struct Rows {
    const float* first;
    int64_t stride;
  };
  void choose_blocks();
  int64_t width_of(int64_t p) const { return p + 1 < panels_ ? width_ : last_width_; }
  Rows rows_of_b(int64_t p, Run depth, const float* b, const float* packed) const noexcept;
  Rows prefetch_of(int64_t item, int64_t block, int64_t call, const float* b,
                   const float* packed) const noexcept;
  Run span_of(int64_t item) const;
  Run blocks_of(int64_t item) const;
  Run depth_block(int64_t block) const;
  int64_t copy_numbers() const;
  void pack_panel(int64_t p, Run depth, const float* b, float* panel) const noexcept;
  void pack_a(Run rows, Run depth, const float* a, float* copy) const noexcept;
  void prefetch_a(Run rows, Run depth, const float* a, int64_t piece,
                  int64_t pieces) const noexcept;
  void multiply(int64_t item, const GemmOperands& operands, const Buffers& at) const noexcept;

  const KernelTable& kernels_;
  BlockedGemmShape shape_;
  int64_t tile_rows_ = 1;  // largest tile
  int64_t width_ = 1;      // columns of a panel but the last
  int64_t last_width_ = 1;
  int64_t padded_columns_ = 0;  // of all panels
  int64_t panels_ = 0;
  int64_t copy_width_ = 1;         // numbers of a copied column of A, or between its copied rows
  bool in_place_ = false;          // B is read in place; but for a last panel that is not whole
  bool reads_b_in_order_ = false;  // one row: B is read in memory order
  bool copies_a_ = false;          // a tile of A is copied column by column, next to each other ...
  bool copies_as_rows_ = false;    // ... or row by row
  bool non_temporal_ = false;      // C is written with non-temporal stores
  int64_t depth_blocks_ = 1;
  int64_t longest_block_ = 0;
  int64_t parts_ = 1;         // pieces of the sum, each with a C of its own
  int64_t sum_pieces_ = 1;    // of a row, where parts are added
  int64_t row_blocks_ = 1;    // pieces of the rows
  int64_t panel_blocks_ = 1;  // pieces of the panels
};

}  // namespace fastcnn
