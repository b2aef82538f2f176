#include "base/fork_gate.h"
#include "bindings/bindings.h"
#include "bindings/released_gil.h"

namespace {

namespace py = pybind11;

// Not by pthread_atfork: the forking thread has the GIL, which a call may need before it ends.
void watch_forks() {
  using namespace pybind11::literals;
  const py::module_ os = py::module_::import("os");
  os.attr("register_at_fork")("before"_a = py::cpp_function([] {
                                const fastcnn::ReleasedGil others_run;
                                fastcnn::close_for_fork();
                              }),
                              "after_in_parent"_a = py::cpp_function(&fastcnn::open_after_fork));
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of fastcnn: prepared operators, programs and variables.";
  fastcnn::bind_runtime(m);
  fastcnn::bind_variable(m);
  fastcnn::bind_program(m);
  watch_forks();
}
