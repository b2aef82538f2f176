#include "base/dtype.h"

#include "base/check.h"

namespace fastcnn {
namespace {

struct Row {
  DType dtype;
  int64_t bytes;
  const char* name;
};

constexpr Row kRows[] = {
    {DType::f32, 4, "float32"}, {DType::f64, 8, "float64"}, {DType::boolean, 1, "bool"},
    {DType::i8, 1, "int8"},     {DType::i16, 2, "int16"},   {DType::i32, 4, "int32"},
    {DType::i64, 8, "int64"},   {DType::u8, 1, "uint8"},    {DType::u16, 2, "uint16"},
    {DType::u32, 4, "uint32"},  {DType::u64, 8, "uint64"},
};

const Row& row_of(DType dtype) { return kRows[static_cast<size_t>(dtype)]; }

}  // namespace

int64_t size_of(DType dtype) { return row_of(dtype).bytes; }
const char* name_of(DType dtype) { return row_of(dtype).name; }

DType dtype_from_name(const std::string& name) {
  std::string known;
  for (const Row& row : kRows) {
    if (name == row.name) return row.dtype;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  check(false, "dtype '", name, "' is not supported; use one of ", known);
  return DType::f32;
}

}  // namespace fastcnn
