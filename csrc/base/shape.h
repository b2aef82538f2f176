#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace fastcnn {

constexpr int kMaxRank = 8;
// No value may have more elements; so a product of a size, an element width and a small count
// always fits in int64_t.
constexpr int64_t kMaxElements = int64_t{1} << 40;

// Product of two non-negative sizes; throws std::invalid_argument naming `what` above kMaxElements.
int64_t checked_product(int64_t a, int64_t b, const char* what);

// Sizes of a value, outermost first. Rank 0 to 8; zero sizes are legal.
class Shape {
 public:
  Shape() = default;
  // Throws std::invalid_argument for a rank above 8, a negative size or too many elements.
  explicit Shape(const std::vector<int64_t>& dims);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  int64_t back() const { return rank_ == 0 ? 1 : dims_[static_cast<size_t>(rank_ - 1)]; }
  int64_t elements() const;
  // Product of the sizes of axes [from, to).
  int64_t elements(int from, int to) const;
  std::vector<int64_t> dims() const { return {dims_.begin(), dims_.begin() + rank_}; }
  // "(2, 3)", as Python writes it.
  std::string text() const;

  bool operator==(const Shape& other) const { return rank_ == other.rank_ && dims_ == other.dims_; }
  bool operator!=(const Shape& other) const { return !(*this == other); }

 private:
  int rank_ = 0;
  std::array<int64_t, kMaxRank> dims_{};
};

}  // namespace fastcnn
