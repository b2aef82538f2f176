#include "kernels/dispatch/table.h"

#include <atomic>
#include <cstdlib>

#include "base/check.h"

namespace fastcnn {

#define FASTCNN_ISA_TABLE(isa)    \
  namespace isa {                 \
  extern const KernelTable table; \
  }
#if defined(FASTCNN_HAVE_BASELINE)
FASTCNN_ISA_TABLE(baseline)
#endif
#if defined(FASTCNN_HAVE_NEON)
FASTCNN_ISA_TABLE(neon)
#endif
#if defined(FASTCNN_HAVE_AVX2)
FASTCNN_ISA_TABLE(avx2)
#endif
#if defined(FASTCNN_HAVE_AVX512)
FASTCNN_ISA_TABLE(avx512)
#endif
#if defined(FASTCNN_HAVE_AVX512_BF16)
namespace avx512_bf16 {
extern const DotKernels table;
}
#endif

namespace {

struct Row {
  const KernelTable* table;
  bool runs;
  // The row that the kernels on float32 come from: the table itself, or the one that it adds dot
  // products to.
  const KernelTable* base;

  Row(const KernelTable& kernels, bool can_run) : table(&kernels), runs(can_run), base(&kernels) {}
  Row(const KernelTable& kernels, bool can_run, const KernelTable& shared)
      : table(&kernels), runs(can_run), base(&shared) {}
};

#if defined(FASTCNN_HAVE_AVX512_BF16)
const KernelTable& avx512_with_dot() {
  static const KernelTable table = [] {
    KernelTable made = avx512::table;
    made.isa = "avx512_bf16";
    made.dot = &avx512_bf16::table;
    return made;
  }();
  return table;
}
#endif

// Worst first; the last row that runs is the default.
std::vector<Row> rows() {
  std::vector<Row> rows;
#if defined(FASTCNN_HAVE_BASELINE)
  rows.emplace_back(baseline::table, true);
#endif
#if defined(FASTCNN_HAVE_NEON)
  rows.emplace_back(neon::table, true);
#endif
#if defined(FASTCNN_HAVE_AVX2)
  rows.emplace_back(avx2::table, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
#endif
#if defined(FASTCNN_HAVE_AVX512)
  const bool avx512 = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  rows.emplace_back(avx512::table, avx512);
#if defined(FASTCNN_HAVE_AVX512_BF16)
  rows.emplace_back(
      avx512_with_dot(),
      avx512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16"),
      avx512::table);
#endif
#endif
  return rows;
}

Row find(const std::string& name, const char* from) {
  std::string choices;
  for (const Row& row : rows()) {
    if (!row.runs) continue;
    if (name == row.table->isa) return row;
    choices += (choices.empty() ? "" : ", ") + std::string(row.table->isa);
  }
  throw std::invalid_argument(
      concat(from, " '", name, "' is not available on this CPU; choose one of ", choices));
}

struct Choice {
  const KernelTable* table;
  const char* source;
};

Choice default_choice() {
  if (const char* name = std::getenv("FASTCNN_ISA"); name != nullptr && *name != '\0')
    return {find(name, "FASTCNN_ISA").table, "FASTCNN_ISA"};
  const KernelTable* best = nullptr;
  for (const Row& row : rows())
    if (row.runs) best = row.table;
  return {best, "best this CPU supports"};
}

const Choice& initial_choice() {
  static const Choice choice = default_choice();
  return choice;
}

std::atomic<const KernelTable*> forced{nullptr};

}  // namespace

const KernelTable& kernels() {
  if (const KernelTable* table = forced.load()) return *table;
  return *initial_choice().table;
}

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Row& row : rows())
    if (row.runs) names.emplace_back(row.table->isa);
  return names;
}

void set_isa(const std::string& name) { forced = name.empty() ? nullptr : find(name, "isa").table; }

std::string base_isa(const std::string& name) { return find(name, "isa").base->isa; }

const char* isa_source() { return forced.load() ? "set_isa" : initial_choice().source; }

}  // namespace fastcnn
