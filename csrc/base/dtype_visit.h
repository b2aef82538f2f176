#pragma once
#include <cstdint>

#include "base/dtype.h"

namespace fastcnn {

// A bool as arrays store it. Any byte but 0 counts as true: a byte of a foreign array may be
// neither 0 nor 1, which a C++ bool must not hold.
struct Boolean {
  uint8_t byte;
};

[[noreturn]] void refuse_unknown_dtype();

// Calls f(T{}) with the C++ type of `dtype`.
template <class F>
decltype(auto) visit(DType dtype, F f) {
  switch (dtype) {
#define FASTCNN_DTYPE(dtype, type, name, kind) \
  case DType::dtype:                           \
    return f(type{});
#include "base/dtypes.def"
#undef FASTCNN_DTYPE
  }
  refuse_unknown_dtype();
}

// The number that an element stands for.
template <class T>
T number(T x) {
  return x;
}
inline uint8_t number(Boolean x) { return x.byte != 0; }

}  // namespace fastcnn
