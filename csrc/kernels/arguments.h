#pragma once
#include <cstdint>

namespace fastcnn {

// What is applied to a finished value before it is stored.
enum class Activation : int32_t { none, relu, sigmoid, tanh };

// Independent sums of fma_chain and of the chains of dot products.
constexpr int kFmaChains = 12;

// How bandwidth_pass goes over memory, and the block of floats that its counts are multiples of.
enum class BandwidthPass : int32_t { read, copy, non_temporal_copy, write, non_temporal_write };
constexpr int64_t kBandwidthBlock = 256;

// No GEMM tile is larger, on any instruction set.
constexpr int64_t kMostGemmRows = 32;
constexpr int64_t kMostGemmColumns = 64;

// A term of the sum of a GemmTile: where its rows of A and of B begin, in numbers.
struct GemmTap {
  int64_t a;
  int64_t b;
};

// One tile of the batch-reduce GEMM:
//   C[m][n] = act(sum over t, k of A[m][t][k] * B[t][k][n] + bias[n]), where
//   A[m][t] = a + a_row[m] + tap[t].a, B[t][k] = b + tap[t].b + k * b_stride, C[m] = c + c_row[m]
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
  bool accumulate;    // add to what C holds instead of to the bias
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

// Pixels of the window whose largest value gemm_tile_pooled stores: 2 x 2, in row-major order.
constexpr int64_t kPooledPixels = 4;

// Transforms of Winograd convolution. A tile is 2 or 4 output pixels wide and high and has
// (tile + 2)^2 terms in row-major order, `term` numbers apart.
struct WinogradInput {
  int64_t tile;
  int64_t channels;
  const float* const* pixel;  // (tile + 2)^2, row-major, each to `channels` numbers
  float* terms;
  int64_t term;
};

struct WinogradFilter {
  int64_t tile;
  int64_t rows, width;  // of each tap; `width` is a whole number of vectors
  const float* taps;    // 9 x rows x width
  float* terms;         // each rows x width
  int64_t term;
};

struct WinogradOutput {
  int64_t tile;
  int64_t columns;  // channels; whole vectors are read
  const float* terms;
  int64_t term;
  const float* bias;  // `columns` numbers or null
  Activation activation;
  bool pooled;               // of every 2 x 2 pixels only the largest value is stored
  int64_t rows, row_pixels;  // what is stored of the tile; of pooled pixels where they are
  float* y;
  uint8_t* argmax;  // pooled: as y, which of its pixels each number comes from; or null
  int64_t y_row, y_pixel;
};

// The 3 x 3 numbers of a filter's gradient from its terms.
struct WinogradGradOutput {
  int64_t tile;
  int64_t columns;  // output channels; whole vectors of terms are read
  const float* terms;
  int64_t term;
  float* taps;
  int64_t tap;  // distance of neighbouring taps
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

// Rows of bytes, copied; `from` and `to` do not overlap. Distances are in bytes.
struct CopyRows {
  int64_t rows, bytes;
  const uint8_t* from;
  int64_t from_row;
  uint8_t* to;
  int64_t to_row;
  bool non_temporal;  // with non-temporal stores
};

// to[r * to_row + c] = from[r + c * from_step], 4-byte elements.
struct Transpose {
  int64_t rows, columns;
  const float* from;
  int64_t from_step;
  float* to;
  int64_t to_row;
  bool far;           // `from` lies beyond the caches
  bool non_temporal;  // whole squares are written with non-temporal stores; `to` and its rows begin
                      // on cache lines
};

// One tile of a product of matrices:
//   C[m][n] = act((C[m][n] +) sum over k of A[m][k] * b[k * b_stride + n] + bias[n])
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
  bool accumulate;    // add what C holds
  bool non_temporal;  // C is written with non-temporal stores: whole vectors on their boundaries,
                      // up to ReLU
  const float* bias;  // `columns` numbers, or null for zeros
  Activation activation;
};

// One number in, one out.
enum class UnaryOp : int32_t {
  relu,
  sigmoid,
  tanh,
  exp,
  log,
  sqrt,
  square,
  negative,
  absolute,
  erf,
  expm1,
  log1p
};

// Two numbers in, one out. The gradients take the forward result (or operands) and dy.
enum class BinaryOp : int32_t {
  add,
  subtract,
  multiply,
  divide,
  maximum,
  minimum,
  greater,
  equal,
  relu_grad,
  sigmoid_grad,
  tanh_grad,
  // Of truth and probability, of truth and logit; the slope of the first along the probability.
  binary_crossentropy,
  binary_crossentropy_logits,
  binary_crossentropy_slope
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

// Cross-entropy of rows of scores. The truth is a row of weights, or the index of one class.
struct CrossentropyRows {
  int64_t rows, columns;  // columns >= 1
  const float* scores;
  const float* target;    // a weight for each score, or null where there are labels
  const int64_t* labels;  // a row's class; the row becomes NaN where it is none
  const float* dy;        // one a row; for the gradient only
  float* y;               // one a row; the gradient: one a score, may be scores itself
  bool logits;            // scores are logits, not probabilities
};

// One row of pooling windows on the image rows that they reach, or two of which each reaches as
// many. Distances are in floats.
struct PoolWindows {
  int64_t rows;      // of the image, all inside it
  int64_t row;       // distance of two image rows
  int64_t width;     // image columns
  int64_t channels;  // also the distance of two columns
  int64_t windows;   // window j reaches `size` columns from j * stride - pad, where inside
  int64_t size, stride, pad;
  int64_t lines;  // rows of windows: 1, or 2 where windows of 3 x 3 slide by at most 2 both ways
  bool non_temporal;  // y is written with non-temporal stores: it begins on a line, and so does
                      // each pixel
};

// What the gradient of such a row reads and writes: dx lies like x, y and dy hold a pixel for
// each window. Only rows [own_begin, own_end) of dx are written: with `add` added to, else set,
// the columns that no window reaches to zero.
struct PoolGradient {
  const float* x;  // null, as y, where the gradient does not depend on it
  const float* y;
  const float* dy;
  float* dx;
  int64_t own_begin, own_end;
  bool add;
};

// What one window covers along one axis: its first position inside the image, how many are
// inside, and how many an average divides by.
struct PoolTaps {
  int64_t first, count, counted;
};

// One row of pooling windows of any kind, from the first row of the first plane that they reach.
// Distances are in floats.
struct PoolWindowsNd {
  int64_t planes, plane;    // that a window takes, and their distance
  int64_t rows, row;        // of a plane
  int64_t channels, pixel;  // and the distance of two columns
  int64_t windows;
  const PoolTaps* columns;  // of each window
  int64_t column;           // distance of a window's columns
  int64_t counted;          // of planes and rows
};

// The gradient of one row of windows of `size` x `size` that slide by `stride` each way, size -
// stride of their rows and columns shared (pool_sliding.inl). Each row of dx is written once, when
// the last row of windows that reaches it has its turn.
struct SlidingPool {
  int64_t first, end;  // rows of the windows that lie inside the image
  const float* x;      // row 0 of the windows, which may lie outside; null, as y, for an average
  const float* y;
  const float* dy;
  float* dx;       // row 0 of the windows, or null: these windows serve those below them only
  float* carried;  // sums of the size - stride rows that the next windows share, with dx's columns
  bool fresh;      // nothing is kept yet
  bool non_temporal;  // as above, for dx
};

// dx = dy * dy_scale + (x - center) * x_scale + shift; the last four are a number a channel.
struct NormalizeGrad {
  const float* x;
  const float* dy;
  float* dx;
  const float* center;
  const float* dy_scale;
  const float* x_scale;
  const float* shift;
  bool
      non_temporal;  // dx is written with non-temporal stores: it and its rows begin on cache lines
};

// Rows of `columns` numbers, each with a mean and a variance of its own.
struct LayerNorm {
  int64_t rows;
  int64_t columns;
  const float* x;
  const float* gamma;
  const float* beta;
  float epsilon;
  bool centered;
  float* y;
  float* mean;
  float* variance;
  bool non_temporal;  // y is written with non-temporal stores: it and its rows begin on cache lines
};

struct LayerNormGrad {
  int64_t rows;
  int64_t columns;
  const float* x;
  const float* dy;
  const float* gamma;
  const float* mean;
  const float* variance;
  float epsilon;
  bool centered;
  float* dx;
  float* dgamma;
  float* dbeta;
};

// Elements that start with number 4 * block of the seed.
struct DropoutBlock {
  uint64_t seed;
  uint64_t block;
  uint32_t last_dropped;  // the largest random number whose element becomes zero
  float scale;
  const float* x;
  float* y;
};

// How an update turns the gradient into a step. Beside it: what slots and coefficients hold.
enum class UpdateRule : int32_t {
  sgd,
  momentum,                   // slot velocity; momentum factor
  nesterov,                   // the same
  momentum_accumulate,        // the variable itself: momentum factor
  adam,                       // m, v; factors of the new m and v, epsilon
  amsgrad,                    // m, v, largest v; the same
  rmsprop,                    // v; factors of old and new v, epsilon
  rmsprop_momentum,           // v, velocity; the same and the factor of the old velocity
  rmsprop_centered,           // v, mean gradient
  rmsprop_centered_momentum,  // v, mean gradient, velocity
  adagrad,                    // sum of squares; epsilon
  adadelta,                   // squared gradients, squared steps; factors of old and new, epsilon
  adamax,                     // m, norm; factors of the new m and of the old norm, epsilon
  nadam,                      // m, v; as adam, factors of m, of the gradient and of v
  ftrl,  // sum of squares, linear; l1, twice l2, twice shrinkage, power, 1 / rate
  lion   // m; factors of m and gradient in the step, then in the new m
};
constexpr int kUpdateSlots = 3;
constexpr int kUpdateCoefficients = 6;

// One block of a variable's update. What lies in new_... may lie where the old one does.
struct UpdateBlock {
  const float* gradient;
  const float* variable;
  float* new_variable;
  const float* slot[kUpdateSlots];
  float* new_slot[kUpdateSlots];
  float rate;          // of the step
  float decay_factor;  // of the variable, before it
  float factor;        // of the gradient, after `sum` is added and before its elements are held to
  float limit;         // +-limit
  float coefficient[kUpdateCoefficients];
  const float* sum;      // of earlier gradients, or null
  float* new_sum;        // becomes 0
  const float* average;  // of the variable over steps, or null
  float* new_average;
  float average_factor;  // factor of the old average
  bool overwrite;        // the variable becomes its average
};

// An axis of an image under a sliding window: place i of `out` meets the image at
// i * stride + t * dilation - pad for those taps t where that lies in [0, in).
struct WindowPlaces {
  int64_t in, out;
  int64_t taps, stride, dilation, pad;
};

// Some rows of one image of a convolution in which every channel has a filter of its own.
struct DepthwiseRows {
  WindowPlaces rows, columns;
  int64_t begin, end;  // rows of the positions; for the input gradient: of the image
  int64_t channels;
  int64_t pixel;                   // distance of two pixels, of the image and of the positions
  const float* kernel;             // not for the kernel gradient
  int64_t kernel_row, kernel_tap;  // distances of taps; negative where the filter is turned round
  const float* bias;               // `channels` numbers or null; forward only, as the next
  Activation activation;
  bool prefetch;      // the next rows: they are far away
  bool non_temporal;  // the result is written with non-temporal stores: whole lines, on their
                      // boundaries
};

}  // namespace fastcnn
