#include "bindings/arrays.h"

#include <pybind11/stl.h>

#include "base/check.h"

namespace fastcnn {

py::dtype numpy_dtype(DType dtype) { return py::dtype(name_of(dtype)); }

DType dtype_of(const py::array& array) {
  const py::dtype dtype = array.dtype();
  check(dtype.attr("isnative").cast<bool>(),
        "array has a foreign byte order; use .astype(dtype.newbyteorder('='))");
  return dtype_from_name(dtype.attr("name").cast<std::string>());
}

Shape shape_of(const py::array& array) {
  return Shape(std::vector<int64_t>(array.shape(), array.shape() + array.ndim()));
}

namespace {

// By kind and size, because NumPy has two types of 8-byte integers that are equal.
bool has_dtype(const py::array& array, DType dtype) {
  const py::dtype actual = array.dtype();
  return actual.kind() == kind_of(dtype) && actual.itemsize() == size_of(dtype) &&
         actual.byteorder() != '>';
}

}  // namespace

void* borrow(const py::array& array, const Operand& operand, const char* role, size_t i,
             bool writable) {
  if (!has_dtype(array, operand.dtype))
    throw py::type_error(concat(role, " ", i, " must be ", name_of(operand.dtype), ", got ",
                                array.dtype().attr("name").cast<std::string>()));
  bool same = array.ndim() == operand.shape.rank();
  for (int axis = 0; same && axis < operand.shape.rank(); ++axis)
    same = array.shape(axis) == operand.shape[axis];
  if (!same)  // not check(): the texts would be made for every array of every run
    throw std::invalid_argument(concat(role, " ", i, " must have shape ", operand.shape.text(),
                                       ", got ", py::str(array.attr("shape")).cast<std::string>()));
  check((array.flags() & py::array::c_style) != 0, role, " ", i,
        " must be C-contiguous; use np.ascontiguousarray");
  check((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0, role, " ", i,
        " must be aligned in memory; use a copy");
  check(!writable || array.writeable(), role, " ", i, " must be writeable");
  return const_cast<void*>(array.data());
}

namespace {

// A Program takes its inputs and outputs for separate memory when it decides what must wait.
void check_apart(const ArrayViews& views, size_t feeds) {
  const auto bytes = [&](size_t i) {
    return static_cast<const std::byte*>(views.arrays[i].data());
  };
  for (size_t out = feeds; out < views.arrays.size(); ++out)
    for (size_t other = 0; other < out; ++other) {
      const bool apart = bytes(out) + views.arrays[out].nbytes() <= bytes(other) ||
                         bytes(other) + views.arrays[other].nbytes() <= bytes(out);
      if (!apart)
        throw std::invalid_argument(concat("fetch ", out - feeds, " shares memory with ",
                                           other < feeds ? "feed " : "fetch ",
                                           other < feeds ? other : other - feeds));
    }
}

// The caster of std::vector<py::array> would print the arrays when one is none.
py::array array_of(const py::handle& item, const char* role, size_t i) {
  if (!py::isinstance<py::array>(item))
    throw py::type_error(concat(role, " ", i, " must be a NumPy array, got ",
                                py::type::of(item).attr("__name__").cast<std::string>()));
  return py::reinterpret_borrow<py::array>(item);
}

}  // namespace

ArrayViews borrow_all(const Program& program, const py::sequence& feeds,
                      const py::sequence& fetches) {
  check(feeds.size() == program.inputs().size() && fetches.size() == program.outputs().size(),
        "program takes ", program.inputs().size(), " feeds and ", program.outputs().size(),
        " fetches, got ", feeds.size(), " and ", fetches.size());
  ArrayViews views;
  views.in.reserve(feeds.size());
  views.out.reserve(fetches.size());
  views.arrays.reserve(feeds.size() + fetches.size());
  for (size_t i = 0; i < feeds.size(); ++i) {
    views.arrays.push_back(array_of(feeds[i], "feed", i));
    views.in.push_back(borrow(views.arrays.back(), program.inputs()[i], "feed", i, false));
  }
  for (size_t i = 0; i < fetches.size(); ++i) {
    views.arrays.push_back(array_of(fetches[i], "fetch", i));
    views.out.push_back(borrow(views.arrays.back(), program.outputs()[i], "fetch", i, true));
  }
  check_apart(views, feeds.size());
  return views;
}

}  // namespace fastcnn
