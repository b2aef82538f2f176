#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fastcnn {

// Kernels are functions that are compiled once per instruction set (cmake/isa.cmake). Each returns
// void, never throws, never allocates and never starts a thread. Those of a family stand in a file
// or two of its folder, which export one constant table for each instruction set (table.h there);
// a family's .inc lists them: FASTCNN_KERNEL(name, (arguments)).
#define FASTCNN_UNIT(type, name) struct type;
#include "kernels/dispatch/units.inc"
#undef FASTCNN_UNIT
struct RooflineKernels;
struct RooflineDotKernels;

// The kernels of one instruction set. Constant data: filling a table runs no code, so
// importing the library cannot execute an instruction this CPU lacks.
struct KernelTable {
  const char* isa;
  const int64_t& lanes;  // of a vector of floats
#define FASTCNN_UNIT(type, name) const type& name;
#include "kernels/dispatch/units.inc"
#undef FASTCNN_UNIT
};

// The table in use: the best this CPU supports, or the one FASTCNN_ISA / set_isa() names.
// Throws std::invalid_argument when FASTCNN_ISA names none of them.
const KernelTable& kernels();

// What measures the machine with the same instruction set; no model uses it. The second is null
// where the instruction set has no dot products of small numbers.
const RooflineKernels& roofline_kernels();
const RooflineDotKernels* roofline_dot_kernels();

// Instruction sets compiled in that this CPU can run, worst first.
std::vector<std::string> available_isas();
// Throws std::invalid_argument listing the choices when `name` is none of them; "" means default.
void set_isa(const std::string& name);
// The one whose kernels on float32 `name` shares: itself, unless all it adds are dot products.
std::string base_isa(const std::string& name);
// Why this one runs: "best this CPU supports", "FASTCNN_ISA" or "set_isa".
const char* isa_source();

}  // namespace fastcnn
