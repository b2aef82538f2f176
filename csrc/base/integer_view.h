#pragma once
#include <string>
#include <type_traits>

#include "base/check.h"
#include "base/dtype.h"
#include "base/dtype_visit.h"
#include "base/shape.h"

namespace fastcnn {

// Class indices of any integer dtype, read as int64. A uint64 too large for it reads as negative,
// which is no class either.
class IntegerView {
 public:
  // Throws std::invalid_argument unless there are `count` labels of an integer dtype.
  IntegerView(const std::string& op, DType dtype, const Shape& shape, int64_t count)
      : dtype_(dtype) {
    const char kind = kind_of(dtype);
    check(kind == 'i' || kind == 'u', op, ": labels must be integers, got ", name_of(dtype));
    check(shape.elements() == count, op, ": needs ", count, " labels, got shape ", shape.text());
  }

  int64_t at(const void* data, int64_t i) const noexcept {
    return visit(dtype_, [=](auto element) -> int64_t {
      using T = decltype(element);
      if constexpr (std::is_integral_v<T>)
        return static_cast<int64_t>(static_cast<const T*>(data)[i]);
      else
        return -1;  // the constructor refuses these
    });
  }

 private:
  DType dtype_;
};

}  // namespace fastcnn
