#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fastcnn {

// One for each row of dtypes.def.
enum class DType {
#define FASTCNN_DTYPE(dtype, type, name, kind) dtype,
#include "base/dtypes.def"
#undef FASTCNN_DTYPE
};

// Bytes of one element.
int64_t size_of(DType dtype);
// NumPy's name: "float32", "bool", "uint8" ...
const char* name_of(DType dtype);
// NumPy's kind: 'f', 'b', 'i' or 'u'.
char kind_of(DType dtype);
// The inverse of name_of; throws std::invalid_argument listing the known names.
DType dtype_from_name(const std::string& name);
// Names of all of them.
std::vector<std::string> dtype_names();

}  // namespace fastcnn
