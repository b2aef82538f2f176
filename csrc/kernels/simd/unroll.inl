// Loops that are unrolled whatever they hold, and loops with edges.

template <int n>
struct Count {
  static constexpr int value = n;
};

// Calls body(Count<i>) for i in [begin, end): a loop that is unrolled whatever it holds, because
// what it indexes must become registers.
template <int begin, int end, class Body>
[[gnu::always_inline]] inline void unrolled(const Body& body) {
  if constexpr (begin < end) {
    body(Count<begin>{});
    unrolled<begin + 1, end>(body);
  }
}
#define FASTCNN_INLINE __attribute__((always_inline))

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// Calls step(t, edge) for t in [0, steps): with edge.value 0 for those in [begin, end), whose
// columns all lie inside, with 1 for those before and behind.
template <class Body>
inline void for_steps(int64_t steps, int64_t begin, int64_t end, const Body& step) {
  begin = smaller(begin, steps);
  end = larger(begin, smaller(end, steps));
  int64_t t = 0;
  for (int side = 0; side < 2; ++side) {
    for (const int64_t stop = side == 0 ? begin : steps; t < stop; ++t) step(t, Count<1>{});
    if (side == 0)
      for (; t < end; ++t) step(t, Count<0>{});
  }
}
