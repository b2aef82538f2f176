#include <pybind11/stl.h>

#include <cstdint>

#include "base/check.h"
#include "base/dtype.h"
#include "base/parallel.h"
#include "bindings/bindings.h"
#include "bindings/released_gil.h"
#include "engine/arena_pool.h"
#include "engine/program.h"
#include "kernels/dispatch/table.h"
#include "ops/convolution/algorithm.h"
#include "ops/elementwise/elementwise.h"
#include "roofline/machine_limits.h"

namespace fastcnn {

namespace py = pybind11;
using namespace pybind11::literals;

namespace {

// The table in use, and in the last bits of its address the policy of Winograd.
int64_t compile_policy() {
  static_assert(alignof(KernelTable) > 3, "the last two bits are free");
  return static_cast<int64_t>(reinterpret_cast<intptr_t>(&kernels())) |
         static_cast<int64_t>(winograd_use());
}

}  // namespace

void bind_runtime(py::module_& m) {
  m.def("dtypes", &dtype_names, "NumPy's names of the element types that arrays may have.");
  m.def("fusable_operators", &fusable_operators,
        "Names of the operators that can be part of fused_elementwise.");
  m.def("isa", [] { return std::string(kernels().isa); }, "Name of the instruction set in use.");
  m.def("isa_source", [] { return std::string(isa_source()); }, "Why that one is in use.");
  m.def("available_isas", &available_isas, "Instruction sets this CPU can run, worst first.");
  m.def(
      "winograd_use", [] { return static_cast<int>(winograd_use()); },
      "Whether 'auto' may choose Winograd convolution: 0 never, 1 where its memory pays, 2 "
      "wherever "
      "it is fastest.");
  m.def(
      "set_winograd",
      [](int use) {
        check(use >= 0 && use <= 2, "set_winograd takes 0, 1 or 2, got ", use);
        set_winograd(static_cast<WinogradUse>(use));
      },
      "use"_a, "As winograd_use returns it.");
  m.def("compile_policy", &compile_policy,
        "A number that stands for the settings which decide what kernels a Program gets.");
  m.def("set_isa", &set_isa, "name"_a, "Uses another instruction set; '' returns to the default.");
  m.def("num_threads", [] { return thread_choice().threads; }, "Threads that a call may use.");
  m.def("num_threads_source", [] { return thread_choice().source; }, "Where the number came from.");
  m.def(
      "threads_from", [] { return std::string(threads_from()); },
      "Whose threads they are: 'own pool' or 'OpenMP'.");
  m.def("set_num_threads", &set_num_threads, "threads"_a, "0 returns to the default.");
  m.def("set_serial_seconds", &set_serial_seconds, "seconds"_a,
        "Programs with less estimated work run on the calling thread alone; -1 for the default.");
  m.def(
      "arena_use",
      [] {
        const ArenaUse use = arena_use();
        return py::make_tuple(use.leased, use.idle);
      },
      "Bytes of arenas that runs hold, and of those that wait for the next run.");
  m.def("trim_arenas", &trim_arenas, "Gives idle arenas back to the system.");
  m.def("lanes", [] { return kernels().lanes; }, "float32 numbers in a vector register.");
  m.def("base_isa", &base_isa, "name"_a,
        "The instruction set whose float32 kernels this one shares; often itself.");
  m.def(
      "measure_peak",
      [](int threads, double seconds, const std::string& dtype) {
        double rate = 0;
        call_interruptibly(true, [&](const Interrupted& interrupted) {
          return measure_peak(threads, seconds, dtype, rate, interrupted);
        });
        return rate;
      },
      "threads"_a = 1, "seconds"_a = 0.2, "dtype"_a = "float32",
      "Billions of operations a second on this many threads: the limit of the machine.");
  m.def(
      "measure_bandwidth",
      [](const std::string& kind, int64_t bytes, int threads, double seconds) {
        double rate = 0;
        call_interruptibly(true, [&](const Interrupted& interrupted) {
          return measure_bandwidth(kind, bytes, threads, seconds, rate, interrupted);
        });
        return rate;
      },
      "kind"_a, "bytes"_a, "threads"_a = 1, "seconds"_a = 0.2,
      "GB/s of passes over this much memory, an equal part a thread.");
}

}  // namespace fastcnn
