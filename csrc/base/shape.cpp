#include "base/shape.h"

#include "base/check.h"

namespace fastcnn {

int64_t checked_product(int64_t a, int64_t b, const char* what) {
  check(a >= 0 && b >= 0, what, ": sizes must not be negative, got ", a, " and ", b);
  check(b == 0 || a <= kMaxElements / b, what, ": ", a, " * ", b, " is more than ", kMaxElements,
        " elements");
  return a * b;
}

Shape::Shape(const std::vector<int64_t>& dims) {
  check(dims.size() <= kMaxRank, "shape has rank ", dims.size(), ", at most ", kMaxRank,
        " is supported");
  rank_ = static_cast<int>(dims.size());
  int64_t nonzero = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    check(dims[i] >= 0, "shape has a negative size ", dims[i]);
    check(dims[i] <= kMaxElements, "shape has a size ", dims[i], ", at most ", kMaxElements,
          " is supported");
    dims_[i] = dims[i];
    // Without the zeros, so that strides computed from a prefix cannot overflow either.
    if (dims[i] > 0) nonzero = checked_product(nonzero, dims[i], "shape");
  }
}

int64_t Shape::elements() const { return elements(0, rank_); }

int64_t Shape::elements(int from, int to) const {
  int64_t product = 1;
  for (int i = from; i < to; ++i) product *= dims_[static_cast<size_t>(i)];
  return product;
}

std::string Shape::text() const {
  std::string text = "(";
  for (int i = 0; i < rank_; ++i) text += (i ? ", " : "") + std::to_string((*this)[i]);
  return text + (rank_ == 1 ? ",)" : ")");
}

}  // namespace fastcnn
