#pragma once
#include <cstdint>
#include <string>

namespace fastcnn {

enum class DType { f32, f64, boolean, i8, i16, i32, i64, u8, u16, u32, u64 };

// Bytes of one element.
int64_t size_of(DType dtype);
// NumPy's name: "float32", "bool", "uint8" ...
const char* name_of(DType dtype);
// The inverse; throws std::invalid_argument listing the known names.
DType dtype_from_name(const std::string& name);

}  // namespace fastcnn
