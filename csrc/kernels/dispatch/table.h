#pragma once
#include <string>
#include <vector>

#include "kernels/dispatch/table_entry.h"

namespace fastcnn {

// The table in use: the best this CPU supports, or the one FASTCNN_ISA / set_isa() names.
// Throws std::invalid_argument when FASTCNN_ISA names none of them.
const KernelTable& kernels();

// Instruction sets compiled in that this CPU can run, worst first.
std::vector<std::string> available_isas();
// Throws std::invalid_argument listing the choices when `name` is none of them; "" means default.
void set_isa(const std::string& name);
// The one whose kernels on float32 `name` shares: itself, unless all it adds are dot products.
std::string base_isa(const std::string& name);
// Why this one runs: "best this CPU supports", "FASTCNN_ISA" or "set_isa".
const char* isa_source();

}  // namespace fastcnn
