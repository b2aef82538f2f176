#pragma once
#include <pybind11/pybind11.h>

namespace fastcnn {

// What each file adds to the module.
void bind_runtime(pybind11::module_& m);
void bind_variable(pybind11::module_& m);
void bind_program(pybind11::module_& m);

}  // namespace fastcnn
