#include "kernels/table.h"

#include <atomic>
#include <cstdlib>

#include "base/check.h"

namespace fastcnn {

#define FASTCNN_ISA_TABLE(isa)    \
  namespace isa {                 \
  extern const KernelTable table; \
  }
FASTCNN_ISA_TABLE(baseline)
#if defined(FASTCNN_HAVE_AVX2)
FASTCNN_ISA_TABLE(avx2)
#endif
#if defined(FASTCNN_HAVE_AVX512)
FASTCNN_ISA_TABLE(avx512)
#endif

namespace {

struct Row {
  const KernelTable* table;
  bool runs;
};

// Worst first; the last row that runs is the default.
std::vector<Row> rows() {
  std::vector<Row> rows{{&baseline::table, true}};
#if defined(FASTCNN_HAVE_AVX2)
  rows.push_back({&avx2::table, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")});
#endif
#if defined(FASTCNN_HAVE_AVX512)
  rows.push_back({&avx512::table,
                  __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl")});
#endif
  return rows;
}

const KernelTable* find(const std::string& name, const char* from) {
  std::string choices;
  for (const Row& row : rows()) {
    if (!row.runs) continue;
    if (name == row.table->isa) return row.table;
    choices += (choices.empty() ? "" : ", ") + std::string(row.table->isa);
  }
  check(false, from, " '", name, "' is not available on this CPU; choose one of ", choices);
  return nullptr;
}

struct Choice {
  const KernelTable* table;
  const char* source;
};

Choice default_choice() {
  if (const char* name = std::getenv("FASTCNN_ISA"); name != nullptr && *name != '\0')
    return {find(name, "FASTCNN_ISA"), "FASTCNN_ISA"};
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

void set_isa(const std::string& name) { forced = name.empty() ? nullptr : find(name, "isa"); }

const char* isa_source() { return forced.load() ? "set_isa" : initial_choice().source; }

}  // namespace fastcnn
