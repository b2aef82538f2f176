// The batch-reduce GEMM on one register tile (Georganas et al., arXiv 1906.06440).
//
// A tile of C stays in registers while every term of the sum goes by. Each tile size has its own
// instance, so that rows can be dealt out evenly: 64 rows are 5 tiles of 13 or 12, with no
// remainder loop and no row computed twice.

inline Vec load_columns(const float* row, int64_t v, int64_t columns) {
  const int64_t left = columns - v * kLanes;
  return left >= kLanes ? load(row + v * kLanes) : load_head(row + v * kLanes, left);
}

// The sums begin with the bias (null for zero). Loops over registers are unrolled by force, here
// and below: g++ would keep the tile in memory for one that it leaves.
template <int kRows, int kVectors>
inline void start_tile(Vec (&acc)[kRows][kVectors], const GemmTile& tile) {
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const Vec first = tile.bias != nullptr ? load_columns(tile.bias, v, tile.columns) : Vec{};
#pragma GCC unroll 14
    for (int m = 0; m < kRows; ++m) acc[m][v] = first;
  }
}

// The other activations, of a finished tile. Not in the instances of the tile: there would be one
// copy of this code for every register.
[[gnu::noinline]] void activate_tile(const GemmTile& tile) {
  for (int64_t m = 0; m < tile.rows; ++m)
    for_row(tile.columns, [&](int64_t i, int64_t n) {
      float* y = tile.c + tile.c_row[m] + i;
      store_head(y, activate(load_head(y, n), tile.activation), n);
    });
}

template <int kRows, int kVectors>
inline void add_products(Vec (&acc)[kRows][kVectors], const GemmTile& tile) {
  // Numbers of a cache line: rows of the next tile are prefetched line by line, all through this
  // one, so that they never queue up.
  constexpr int64_t kLine = 16;
  const int64_t stride = tile.b_stride;
  for (int64_t t = 0; t < tile.batch; ++t) {
    const float* a[kRows];
    for (int m = 0; m < kRows; ++m) a[m] = tile.a + tile.tap[t].a + tile.a_row[m];
    const float* b = tile.b + tile.tap[t].b;
    for (int64_t k = 0; k < tile.depth;) {
      if (tile.next != nullptr)
        for (int m = 0; m < kRows; ++m)
          __builtin_prefetch(tile.next + tile.next_tap[t].a + tile.next_row[m] + k, 0, 2);
      const int64_t end = k + kLine < tile.depth ? k + kLine : tile.depth;
      for (; k < end; ++k, b += stride) {
        Vec column[kVectors];
        for (int v = 0; v < kVectors; ++v) column[v] = load(b + v * kLanes);
        for (int m = 0; m < kRows; ++m)
          for (int v = 0; v < kVectors; ++v) acc[m][v] += a[m][k] * column[v];
      }
    }
  }
}

template <int kRows, int kVectors>
inline void add_addend(Vec (&acc)[kRows][kVectors], const GemmTile& tile) {
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v)
#pragma GCC unroll 14
    for (int m = 0; m < kRows; ++m)
      acc[m][v] += load_columns(tile.addend + tile.c_row[m], v, tile.columns);
}

template <int kRows, int kVectors>
inline void clip_tile(Vec (&acc)[kRows][kVectors], Activation activation) {
#pragma GCC unroll 14
  for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) acc[m][v] = relu(acc[m][v]);
  if (activation == Activation::relu) return;
#pragma GCC unroll 14
  for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) acc[m][v] = min_number(splat(6.0f), acc[m][v]);
}

template <int kRows, int kVectors>
void gemm_tile_of(const GemmTile& tile) {
  Vec acc[kRows][kVectors];
  // What is added to complete sums comes closer meanwhile.
  if (tile.addend != nullptr)
    for (int m = 0; m < kRows; ++m)
      for (int v = 0; v < kVectors; ++v)
        __builtin_prefetch(tile.addend + tile.c_row[m] + v * kLanes);
  start_tile(acc, tile);
  add_products(acc, tile);
  if (tile.addend != nullptr) add_addend(acc, tile);
  if (tile.activation == Activation::relu || tile.activation == Activation::relu6)
    clip_tile(acc, tile.activation);
  if (tile.non_temporal) {
#pragma GCC unroll 14
    for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        store_non_temporal(tile.c + tile.c_row[m] + v * kLanes, acc[m][v]);
    return;
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const int64_t left = tile.columns - v * kLanes;
#pragma GCC unroll 14
    for (int m = 0; m < kRows; ++m) {
      if (left >= kLanes)
        store(tile.c + tile.c_row[m] + v * kLanes, acc[m][v]);
      else
        store_head(tile.c + tile.c_row[m] + v * kLanes, acc[m][v], left);
    }
  }
  if (!applied_in_registers(tile.activation)) activate_tile(tile);
}

void non_temporal_stores_end() noexcept { non_temporal_end(); }

// The same, but of each window of pixels (neighbouring rows of the tile) only the largest value is
// stored, and which pixel had it.
template <int kWindows, int kVectors>
void pooled_tile_of(const GemmTile& tile) {
  Vec acc[kWindows * kPooledPixels][kVectors];
  start_tile(acc, tile);
  add_products(acc, tile);
#pragma GCC unroll 3
  for (int w = 0; w < kWindows; ++w)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int first = w * kPooledPixels;
      const PooledWindow window =
          pool_window({acc[first][v], acc[first + 1][v], acc[first + 2][v], acc[first + 3][v]},
                      tile.activation);
      const int64_t left = tile.columns - v * kLanes;
      const int64_t n = left < kLanes ? left : kLanes;
      const int64_t at = tile.c_row[w] + v * kLanes;
      store_head(tile.c + at, window.largest, n);
      if (tile.argmax != nullptr) store_bytes(tile.argmax + at, window.which, n);
    }
}

template <int kRows, int kVectors, bool kHead>
void transposed_tile_of(const TransposedGemmTile& tile) {
  // C is met when the sums are complete; meanwhile it comes closer.
  for (int m = 0; m < kRows; ++m)
    for (int v = 0; v < kVectors; ++v)
      __builtin_prefetch(tile.c + m * tile.c_stride + v * kLanes, 1);
  Vec acc[kRows][kVectors] = {};
  // Only the last vector can be partial; a segment of B may end where its memory ends.
  const int64_t left = tile.columns - (kVectors - 1) * kLanes;
  for (int64_t s = 0; s < tile.segments; ++s) {
    const float* a = tile.segment[s].a + tile.a_offset;
    const float* b = tile.segment[s].b + tile.b_offset;
    for (int64_t k = 0; k < tile.segment[s].depth; ++k, a += tile.a_stride, b += tile.b_stride) {
      Vec column[kVectors];
      for (int v = 0; v < kVectors; ++v)
        column[v] =
            kHead && v == kVectors - 1 ? load_head(b + v * kLanes, left) : load(b + v * kLanes);
      for (int m = 0; m < kRows; ++m)
        for (int v = 0; v < kVectors; ++v) acc[m][v] += a[m] * column[v];
    }
  }
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    const int64_t n = kHead && v == kVectors - 1 ? left : kLanes;
#pragma GCC unroll 14
    for (int m = 0; m < kRows; ++m) {
      float* c = tile.c + m * tile.c_stride + v * kLanes;
      Vec y = acc[m][v];
      if (kHead && v == kVectors - 1) {
        if (tile.accumulate) y += load_head(c, n);
        store_head(c, y, n);
      } else {
        if (tile.accumulate) y += load(c);
        store(c, y);
      }
    }
  }
}

// Instances by number of rows, as constant tables.
template <int kVectors, int... kRow>
struct RowSequence {
  static constexpr void (*plain[])(const GemmTile&) = {gemm_tile_of<kRow, kVectors>...};
  static constexpr void (*pooled[])(const GemmTile&) = {pooled_tile_of<kRow, kVectors>...};
  static constexpr void (*transposed[])(const TransposedGemmTile&) = {
      transposed_tile_of<kRow, kVectors, false>...};
  static constexpr void (*transposed_head[])(const TransposedGemmTile&) = {
      transposed_tile_of<kRow, kVectors, true>...};
};

template <int kVectors, int kCount, int... kRow>
struct Rows : Rows<kVectors, kCount - 1, kCount, kRow...> {};
template <int kVectors, int... kRow>
struct Rows<kVectors, 0, kRow...> : RowSequence<kVectors, kRow...> {};

void gemm_tile(const GemmTile& tile) noexcept {
  const int64_t vectors = (tile.columns + kLanes - 1) / kLanes;
  const int64_t i = tile.rows - 1;
  if (vectors == 1) return Rows<1, kGemmRows>::plain[i](tile);
  if (vectors == 2) return Rows<2, kGemmRows>::plain[i](tile);
  if (vectors == 3) return Rows<3, kWideRows>::plain[i](tile);
  Rows<4, kWideRows>::plain[i](tile);
}

void gemm_tile_pooled(const GemmTile& tile) noexcept {
  constexpr int kWindows = kGemmRows / kPooledPixels;
  const int64_t i = tile.rows / kPooledPixels - 1;
  (tile.columns <= kLanes ? Rows<1, kWindows>::pooled[i] : Rows<2, kWindows>::pooled[i])(tile);
}

void gemm_tile_transposed(const TransposedGemmTile& tile) noexcept {
  const int64_t vectors = (tile.columns + kLanes - 1) / kLanes;
  const int64_t i = tile.rows - 1;
  if (tile.columns % kLanes == 0)
    return (vectors == 1 ? Rows<1, kGemmRows>::transposed[i]
                         : Rows<2, kGemmRows>::transposed[i])(tile);
  (vectors == 1 ? Rows<1, kGemmRows>::transposed_head[i]
                : Rows<2, kGemmRows>::transposed_head[i])(tile);
}
