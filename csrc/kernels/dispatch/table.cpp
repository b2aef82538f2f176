#include "kernels/dispatch/table.h"

#include <atomic>
#include <cstdlib>

#include "base/check.h"
#include "kernels/products/table.h"

#define FASTCNN_STR2(x) #x
#define FASTCNN_STR(x) FASTCNN_STR2(x)

namespace fastcnn {

#if defined(FASTCNN_HAVE_BASELINE)
#define FASTCNN_ISA baseline
#include "kernels/dispatch/isa_table.inl"
#endif
#if defined(FASTCNN_HAVE_NEON)
#define FASTCNN_ISA neon
#include "kernels/dispatch/isa_table.inl"
#endif
#if defined(FASTCNN_HAVE_AVX2)
#define FASTCNN_ISA avx2
#include "kernels/dispatch/isa_table.inl"
#endif
#if defined(FASTCNN_HAVE_AVX512)
#define FASTCNN_ISA avx512
#include "kernels/dispatch/isa_table.inl"
#endif
#if defined(FASTCNN_HAVE_AVX512_BF16)
// Adds dot products to AVX-512, whose other kernels it shares.
namespace avx512_bf16 {
extern const RooflineDotKernels roofline_dot;
namespace {
constexpr KernelTable renamed(KernelTable table, const char* isa) {
  table.isa = isa;
  return table;
}
constexpr KernelTable table = renamed(avx512::table, "avx512_bf16");
}  // namespace
}  // namespace avx512_bf16
#endif

namespace {

struct Row {
  const KernelTable& table;
  const RooflineKernels& roofline;
  const RooflineDotKernels* dot;
  const KernelTable& base;  // where the kernels on float32 come from
  bool (*runs)();
};

#if defined(FASTCNN_HAVE_BASELINE) || defined(FASTCNN_HAVE_NEON)
bool always() { return true; }
#endif
#if defined(FASTCNN_HAVE_AVX2)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
#if defined(FASTCNN_HAVE_AVX512)
bool has_avx512() {
  return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#endif
#if defined(FASTCNN_HAVE_AVX512_BF16)
bool has_avx512_bf16() {
  return has_avx512() && __builtin_cpu_supports("avx512vnni") &&
         __builtin_cpu_supports("avx512bf16");
}
#endif

// Worst first; the last row that runs is the default.
constexpr Row kRows[] = {
#if defined(FASTCNN_HAVE_BASELINE)
    {baseline::table, baseline::roofline, nullptr, baseline::table, always},
#endif
#if defined(FASTCNN_HAVE_NEON)
    {neon::table, neon::roofline, nullptr, neon::table, always},
#endif
#if defined(FASTCNN_HAVE_AVX2)
    {avx2::table, avx2::roofline, nullptr, avx2::table, has_avx2},
#endif
#if defined(FASTCNN_HAVE_AVX512)
    {avx512::table, avx512::roofline, nullptr, avx512::table, has_avx512},
#endif
#if defined(FASTCNN_HAVE_AVX512_BF16)
    {avx512_bf16::table, avx512::roofline, &avx512_bf16::roofline_dot, avx512::table,
     has_avx512_bf16},
#endif
};

const Row& find(const std::string& name, const char* from) {
  std::string choices;
  for (const Row& row : kRows) {
    if (!row.runs()) continue;
    if (name == row.table.isa) return row;
    choices += (choices.empty() ? "" : ", ") + std::string(row.table.isa);
  }
  throw std::invalid_argument(
      concat(from, " '", name, "' is not available on this CPU; choose one of ", choices));
}

struct Choice {
  const Row* row;
  const char* source;
};

Choice default_choice() {
  if (const char* name = std::getenv("FASTCNN_ISA"); name != nullptr && *name != '\0')
    return {&find(name, "FASTCNN_ISA"), "FASTCNN_ISA"};
  const Row* best = nullptr;
  for (const Row& row : kRows)
    if (row.runs()) best = &row;
  return {best, "best this CPU supports"};
}

const Choice& initial_choice() {
  static const Choice choice = default_choice();
  return choice;
}

std::atomic<const Row*> forced{nullptr};

const Row& row_in_use() {
  if (const Row* row = forced.load()) return *row;
  return *initial_choice().row;
}

}  // namespace

const KernelTable& kernels() { return row_in_use().table; }
const RooflineKernels& roofline_kernels() { return row_in_use().roofline; }
const RooflineDotKernels* roofline_dot_kernels() { return row_in_use().dot; }

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Row& row : kRows)
    if (row.runs()) names.emplace_back(row.table.isa);
  return names;
}

void set_isa(const std::string& name) { forced = name.empty() ? nullptr : &find(name, "isa"); }

std::string base_isa(const std::string& name) { return find(name, "isa").base.isa; }

const char* isa_source() { return forced.load() ? "set_isa" : initial_choice().source; }

}  // namespace fastcnn
