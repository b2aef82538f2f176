// A tile of the batch-reduce GEMM with few columns. A vector would hold few sums then, so here it
// holds 16, 8 or 4 partial sums of one, and B is stored transposed: each column is contiguous. A
// tile with fewer rows reads one of them again in place of those it lacks.

// Sums in registers: kNarrowSums / columns rows at once.
#if defined(__AVX512F__)
constexpr int kNarrowSums = 24;
#elif defined(__AVX2__)
constexpr int kNarrowSums = 12;
#else
constexpr int kNarrowSums = 8;
#endif

// Lanes whose number has bit `step`: the sum of that lane of b and its partner; the others: of a.
inline Vec add_exchanged(Vec a, Vec b, int32_t step) {
  const VecInt upper = (lane_index() & step) != 0;
  return (upper ? b : a) + exchange(upper ? a : b, step);
}

// Lane i of the result is the sum of the lanes of v[i].
inline Vec sums_of(Vec (&v)[kLanes]) {
#pragma GCC unroll 4
  for (int32_t step = (int32_t)kLanes / 2; step > 0; step /= 2)
#pragma GCC unroll 8
    for (int32_t i = 0; i < step; ++i) v[i] = add_exchanged(v[i], v[i + step], step);
  return v[0];
}

template <int kColumns>
void narrow_tile_of(const GemmTile& tile) {
  constexpr int kRows = kNarrowSums / kColumns;
  constexpr int64_t kLine = 16;
  Vec acc[kRows][kColumns] = {};
  const auto add = [&](const float* const(&a)[kRows], const float* b, int64_t k, int64_t n) {
    Vec column[kColumns];
    for (int c = 0; c < kColumns; ++c) column[c] = load_head(b + c * tile.b_stride + k, n);
    for (int m = 0; m < kRows; ++m) {
      const Vec x = in_register(load_head(a[m] + k, n));
      for (int c = 0; c < kColumns; ++c) acc[m][c] += x * column[c];
    }
  };
  for (int64_t t = 0; t < tile.batch; ++t) {
    const float* a[kRows];
    for (int m = 0; m < kRows; ++m) a[m] = tile.a + tile.tap[t].a + tile.a_row[m];
    const float* b = tile.b + tile.tap[t].b;
    // What its other taps read, this tile has mostly met; of rows that overlap each number once.
    if (tile.next != nullptr && t == 0) {
      const float* next = tile.next + tile.next_tap[tile.batch - 1].a;
      const int64_t apart = tile.a_row[1];
      const int64_t own = apart > 0 && apart < tile.depth ? apart : tile.depth;
      for (int m = 0; m < kRows; ++m)
        for (int64_t k = 0; k < own; k += kLine)
          __builtin_prefetch(next + tile.next_row[m] + k, 0, 2);
    }
    int64_t k = 0;
    for (; k + kLanes <= tile.depth; k += kLanes) add(a, b, k, kLanes);
    if (k < tile.depth) add(a, b, k, tile.depth - k);
  }
  constexpr int kGroups = (kNarrowSums + (int)kLanes - 1) / (int)kLanes;
  float sums[kGroups * kLanes];
#pragma GCC unroll 4
  for (int g = 0; g < kGroups; ++g) {
    Vec part[kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      const int at = g * (int)kLanes + i;
      part[i] = at < kRows * kColumns ? acc[at / kColumns][at % kColumns] : Vec{};
    }
    store(sums + g * kLanes, sums_of(part));
  }
  if (tile.bias != nullptr)
    for (int m = 0; m < kRows; ++m)
      for (int c = 0; c < kColumns; ++c) sums[m * kColumns + c] += tile.bias[c];
  if (tile.addend != nullptr)
    for (int64_t m = 0; m < tile.rows; ++m)
      for (int c = 0; c < kColumns; ++c) sums[m * kColumns + c] += tile.addend[tile.c_row[m] + c];
  if (tile.activation != Activation::none)
    for (int g = 0; g < kGroups; ++g)
      store(sums + g * kLanes, activate(load(sums + g * kLanes), tile.activation));
  // Rows of C never overlap, so this is where they lie side by side.
  if (tile.c_row[tile.rows - 1] == (tile.rows - 1) * kColumns)
    return for_row(tile.rows * kColumns,
                   [&](int64_t i, int64_t n) { store_head(tile.c + i, load(sums + i), n); });
  for (int64_t m = 0; m < tile.rows; ++m)
    for (int c = 0; c < kColumns; ++c) tile.c[tile.c_row[m] + c] = sums[m * kColumns + c];
}

void gemm_tile_narrow(const GemmTile& tile) noexcept {
  static constexpr void (*by_columns[])(const GemmTile&) = {narrow_tile_of<1>, narrow_tile_of<2>,
                                                            narrow_tile_of<3>, narrow_tile_of<4>};
  static_assert(sizeof by_columns / sizeof by_columns[0] == kNarrowN, "one for each");
  by_columns[tile.columns - 1](tile);
}
