// Where windows of two axes meet the image.

// Columns [begin, end) of the image that a window reaches.
struct Reach {
  int64_t begin, end;
};
inline Reach reach_of(const PoolWindows& at, int64_t window) {
  const int64_t first = window * at.stride - at.pad;
  const int64_t begin = first < 0 ? 0 : (first < at.width ? first : at.width);
  const int64_t end = first + at.size < at.width ? first + at.size : at.width;
  return {begin, end > begin ? end : begin};
}

// Columns of a window that lie inside the image.
inline int64_t columns_inside(const PoolWindows& at, int64_t window) {
  const int64_t first = window * at.stride - at.pad;
  return larger(smaller(first + at.size, at.width) - larger(first, 0), 0);
}

// Whether one window takes all pixels of its rows, each of them far longer than a block: memory
// keeps up only with those who read it in order.
inline bool one_wide_window(const PoolWindows& at) {
  const Reach reach = reach_of(at, 0);
  return at.windows == 1 && at.rows > 0 && at.width > 0 && reach.begin == 0 &&
         reach.end == at.width && at.channels > 8 * kLanes;
}
