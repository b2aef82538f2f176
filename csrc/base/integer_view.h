#pragma once
#include <string>

#include "base/check.h"
#include "base/dtype.h"
#include "base/shape.h"

namespace fastcnn {

// Class indices of any integer dtype, read as int64. A uint64 too large for it reads as negative,
// which is no class either.
class IntegerView {
 public:
  // Throws std::invalid_argument unless there are `count` labels of an integer dtype.
  IntegerView(const std::string& op, DType dtype, const Shape& shape, int64_t count)
      : dtype_(dtype) {
    check(dtype_ != DType::f32 && dtype_ != DType::f64 && dtype_ != DType::boolean, op,
          ": labels must be integers, got ", name_of(dtype_));
    check(shape.elements() == count, op, ": needs ", count, " labels, got shape ", shape.text());
  }

  int64_t at(const void* data, int64_t i) const noexcept {
    switch (dtype_) {
      case DType::i8:
        return static_cast<const int8_t*>(data)[i];
      case DType::i16:
        return static_cast<const int16_t*>(data)[i];
      case DType::i32:
        return static_cast<const int32_t*>(data)[i];
      case DType::u8:
        return static_cast<const uint8_t*>(data)[i];
      case DType::u16:
        return static_cast<const uint16_t*>(data)[i];
      case DType::u32:
        return static_cast<const uint32_t*>(data)[i];
      case DType::u64:
        return static_cast<int64_t>(static_cast<const uint64_t*>(data)[i]);
      default:
        return static_cast<const int64_t*>(data)[i];
    }
  }

 private:
  DType dtype_;
};

}  // namespace fastcnn
