#include "base/dtype.h"

#include "base/check.h"
#include "base/dtype_visit.h"

namespace fastcnn {
namespace {

struct Row {
  DType dtype;
  int64_t bytes;
  const char* name;
  char kind;
};

constexpr Row kRows[] = {
#define FASTCNN_DTYPE(dtype, type, name, kind) {DType::dtype, sizeof(type), name, kind},
#include "base/dtypes.def"
#undef FASTCNN_DTYPE
};

const Row& row_of(DType dtype) { return kRows[static_cast<size_t>(dtype)]; }

}  // namespace

int64_t size_of(DType dtype) { return row_of(dtype).bytes; }
const char* name_of(DType dtype) { return row_of(dtype).name; }
char kind_of(DType dtype) { return row_of(dtype).kind; }

DType dtype_from_name(const std::string& name) {
  std::string known;
  for (const Row& row : kRows) {
    if (name == row.name) return row.dtype;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw std::invalid_argument(concat("dtype '", name, "' is not supported; use one of ", known));
}

void refuse_unknown_dtype() { throw std::invalid_argument("a number that is not a dtype"); }

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

}  // namespace fastcnn
