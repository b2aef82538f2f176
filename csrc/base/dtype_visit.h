#pragma once
#include <cstdint>

#include "base/dtype.h"

namespace fastcnn {

// A bool as arrays store it. Any byte but 0 counts as true: a byte of a foreign array may be
// neither 0 nor 1, which a C++ bool must not hold.
struct Boolean {
  uint8_t byte;
};

// Calls f(T{}) with the C++ type of `dtype`.
template <class F>
decltype(auto) visit(DType dtype, F f) {
  switch (dtype) {
    case DType::f64:
      return f(double{});
    case DType::boolean:
      return f(Boolean{});
    case DType::i8:
      return f(int8_t{});
    case DType::i16:
      return f(int16_t{});
    case DType::i32:
      return f(int32_t{});
    case DType::i64:
      return f(int64_t{});
    case DType::u8:
      return f(uint8_t{});
    case DType::u16:
      return f(uint16_t{});
    case DType::u32:
      return f(uint32_t{});
    case DType::u64:
      return f(uint64_t{});
    default:
      return f(float{});
  }
}

// The number that an element stands for.
template <class T>
T number(T x) {
  return x;
}
inline uint8_t number(Boolean x) { return x.byte != 0; }

}  // namespace fastcnn
