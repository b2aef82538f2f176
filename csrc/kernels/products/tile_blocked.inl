// One register tile of a product of two matrices whose panels lie ready in the caches: where
// tile.inl gathers rows and terms from anywhere, here one address of A and one of B are enough.

// One row has room for so many vectors: enough sums to hide the latency of an FMA, and runs of B
// long enough for memory to keep up.
constexpr int kOneRowVectors = 8;

// a[k][m], `step` numbers from k to k + 1.
template <int kRows>
struct ColumnsOfA {
  const float* a;
  int64_t step;
  ColumnsOfA(const BlockedGemmTile& tile) : a(tile.a), step(tile.a_step) {}
  float at(int m, int64_t) const { return a[m]; }
  void next() { a += step; }
};

// a[m][k], a pointer for each row.
template <int kRows>
struct RowsOfA {
  const float* a[kRows];
  RowsOfA(const BlockedGemmTile& tile) {
    for (int m = 0; m < kRows; ++m) a[m] = tile.a + m * tile.a_row;
  }
  float at(int m, int64_t k) const { return a[m][k]; }
  void next() {}
};

// C from complete sums. Every loop is unrolled: sums that were reached by an index would have to
// lie in memory.
template <int kRows, int kVectors>
inline void finish_tile(Vec (&acc)[kRows][kVectors], const BlockedGemmTile& tile) {
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    float* const c = tile.c + v * kLanes;
    const int64_t left = tile.columns - v * kLanes;
    if (left <= 0) break;
    const int64_t n = left < kLanes ? left : kLanes;
    if (tile.bias != nullptr) {
      const Vec bias = load_head(tile.bias + v * kLanes, n);
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m) acc[m][v] += bias;
    }
    if (tile.addend != nullptr) {
      const float* more = tile.addend + v * kLanes;
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m)
        acc[m][v] += left >= kLanes ? load(more + m * tile.c_stride)
                                    : load_head(more + m * tile.c_stride, left);
    }
    if (tile.activation == Activation::relu || tile.activation == Activation::relu6) {
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m) acc[m][v] = relu(acc[m][v]);
    }
    if (tile.activation == Activation::relu6) {
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m) acc[m][v] = min_number(splat(6.0f), acc[m][v]);
    }
    if (tile.non_temporal) {
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m) store_non_temporal(c + m * tile.c_stride, acc[m][v]);
      continue;
    }
#pragma GCC unroll 16
    for (int m = 0; m < kRows; ++m) {
      if (left >= kLanes)
        store(c + m * tile.c_stride, acc[m][v]);
      else
        store_head(c + m * tile.c_stride, acc[m][v], left);
    }
  }
}

template <template <int> class A, int kRows, int kVectors, bool kPrefetches>
inline void add_blocked(Vec (&acc)[kRows][kVectors], const BlockedGemmTile& tile) {
  A<kRows> a(tile);
  const float* b = tile.b;
  const int64_t stride = tile.b_stride;
  const float* next = tile.prefetch;
  const int64_t step = tile.prefetch_step;
  for (int64_t k = 0; k < tile.depth; ++k, b += stride, a.next()) {
    if (kPrefetches) {
      __builtin_prefetch(next, 0, 2);
      next += step;
    }
    Vec column[kVectors];
    for (int v = 0; v < kVectors; ++v) column[v] = load(b + v * kLanes);
    for (int m = 0; m < kRows; ++m)
      for (int v = 0; v < kVectors; ++v) acc[m][v] += a.at(m, k) * column[v];
  }
}

template <template <int> class A, int kRows, int kVectors>
void blocked_tile_of(const BlockedGemmTile& tile) {
  // C is met when the sums are complete; meanwhile it comes closer.
  for (int m = 0; !tile.non_temporal && m < kRows; ++m)
    for (int v = 0; v < kVectors; ++v)
      __builtin_prefetch(tile.c + m * tile.c_stride + v * kLanes, 1);
  if (tile.addend != nullptr && tile.addend != tile.c)
    for (int m = 0; m < kRows; ++m)
      for (int v = 0; v < kVectors; ++v)
        __builtin_prefetch(tile.addend + m * tile.c_stride + v * kLanes);
  Vec acc[kRows][kVectors] = {};
  // Beside few sums the prefetches of a loop that needs none would cost up to a tenth of its time.
  if (tile.prefetch_step != 0)
    add_blocked<A, kRows, kVectors, true>(acc, tile);
  else
    add_blocked<A, kRows, kVectors, false>(acc, tile);
  finish_tile(acc, tile);
}

template <template <int> class A, int kVectors, int... kRow>
struct BlockedRows {
  static constexpr void (*tile[])(const BlockedGemmTile&) = {blocked_tile_of<A, kRow, kVectors>...};
};
template <template <int> class A, int kVectors, int kCount, int... kRow>
struct BlockedTiles : BlockedTiles<A, kVectors, kCount - 1, kCount, kRow...> {};
template <template <int> class A, int kVectors, int... kRow>
struct BlockedTiles<A, kVectors, 0, kRow...> : BlockedRows<A, kVectors, kRow...> {};

template <template <int> class A>
inline void blocked_tile_from(const BlockedGemmTile& tile) {
  const int64_t i = tile.rows - 1;
  switch (tile.width / kLanes) {
    case 1:
      return BlockedTiles<A, 1, kGemmRows>::tile[i](tile);
    case 2:
      return BlockedTiles<A, 2, kGemmRows>::tile[i](tile);
    case 3:
      return BlockedTiles<A, 3, kWideRows>::tile[i](tile);
    case 4:
      return BlockedTiles<A, 4, kWideRows>::tile[i](tile);
    default:
      return BlockedTiles<A, kOneRowVectors, 1>::tile[i](tile);
  }
}

void blocked_gemm_tile(const BlockedGemmTile& tile) noexcept {
  if (tile.a_step == 1)
    blocked_tile_from<RowsOfA>(tile);
  else
    blocked_tile_from<ColumnsOfA>(tile);
  // Not in the instances of the tile: there would be one copy of this code for every register.
  if (!applied_in_registers(tile.activation))
    for (int64_t m = 0; m < tile.rows; ++m)
      for_row(tile.columns, [&](int64_t i, int64_t n) {
        float* y = tile.c + m * tile.c_stride + i;
        store_head(y, activate(load_head(y, n), tile.activation), n);
      });
}

// y += a (kRows numbers) * B (kRows rows), or y = that. Rows `distance` numbers further on are
// prefetched.
template <int kRows>
inline void add_rows(int64_t columns, const float* a, const float* b, int64_t stride,
                     int64_t distance, bool first, float* y) {
  constexpr int64_t kLine = 16;
  Vec factor[kRows];
  for (int r = 0; r < kRows; ++r) factor[r] = splat(a[r]);
  for_row(columns, [&](int64_t i, int64_t n) {
    Vec sum = first ? Vec{} : load_head(y + i, n);
    for (int r = 0; r < kRows; ++r) {
      const float* row = b + r * stride + i;
      if (i % kLine == 0) __builtin_prefetch(row + distance, 0, 2);
      sum += factor[r] * load_head(row, n);
    }
    store_head(y + i, sum, n);
  });
}

// y = a (one row of `depth` numbers) * B, which is read once, in memory order.
//
// The hardware follows a stream to the end of a page of 4 KiB and has to find the next one again;
// prefetched this early, lines are in L2 when their turn comes, from wherever they are.
void blocked_gemm_row(int64_t depth, int64_t columns, const float* a, const float* b,
                      int64_t stride, float* y) noexcept {
  constexpr int kAtOnce = 4;
  constexpr int64_t kDistance = 4096;
  const int64_t group = kAtOnce * stride;
  const int64_t distance = (kDistance + group - 1) / group * group;
  int64_t k = 0;
  for (; k + kAtOnce <= depth; k += kAtOnce)
    add_rows<kAtOnce>(columns, a + k, b + k * stride, stride, distance, k == 0, y);
  for (; k < depth; ++k) add_rows<1>(columns, a + k, b + k * stride, stride, distance, k == 0, y);
}

// y = act(sum over parts + bias + addend), `distance` numbers from part to part.
void blocked_gemm_sum(int64_t parts, int64_t columns, const float* x, int64_t distance,
                      const float* bias, const float* addend, Activation activation,
                      float* y) noexcept {
  for_row(columns, [&](int64_t i, int64_t n) {
    Vec sum = load_head(x + i, n);
    for (int64_t p = 1; p < parts; ++p) sum += load_head(x + p * distance + i, n);
    if (bias != nullptr) sum += load_head(bias + i, n);
    if (addend != nullptr) sum += load_head(addend + i, n);
    store_head(y + i, activation == Activation::none ? sum : activate(sum, activation), n);
  });
}
