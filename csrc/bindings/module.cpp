#include "bindings/bindings.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of fastcnn: prepared operators, programs and variables.";
  fastcnn::bind_runtime(m);
  fastcnn::bind_variable(m);
  fastcnn::bind_program(m);
}
