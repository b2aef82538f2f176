#pragma once
#include <pybind11/numpy.h>

#include <vector>

#include "engine/program.h"

namespace fastcnn {

namespace py = pybind11;

// NumPy arrays as the engine sees them: their memory is views, never converted.

py::dtype numpy_dtype(DType dtype);
DType dtype_of(const py::array& array);
Shape shape_of(const py::array& array);

// Checks one array against what a Program expects and returns its memory; never converts.
void* borrow(const py::array& array, const Operand& operand, const char* role, size_t i,
             bool writable);

struct ArrayViews {
  std::vector<const void*> in;
  std::vector<void*> out;
  // Keeps the memory alive, whatever becomes of the sequences while others run.
  std::vector<py::array> arrays;
};

// The memory of all arrays of a run. Throws where one does not fit, or shares memory with a fetch.
ArrayViews borrow_all(const Program& program, const py::sequence& feeds,
                      const py::sequence& fetches);

}  // namespace fastcnn
