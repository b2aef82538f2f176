// Calls f(begin, size) for parts of a row, which are summed apart: an error then grows with the
// vectors of a part and with the number of parts, not with their product.
template <class F>
inline void for_parts(int64_t columns, F f) {
  constexpr int64_t kPart = 64 * kLanes;
  for (int64_t begin = 0; begin < columns; begin += kPart)
    f(begin, columns - begin < kPart ? columns - begin : kPart);
}
