#include <pybind11/stl.h>

#include <cstring>

#include "base/check.h"
#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "bindings/released_gil.h"
#include "engine/variable.h"

namespace fastcnn {

using namespace pybind11::literals;

// Methods take their object by its holder: that of one made by __new__ alone, without __init__, is
// missing, which raises; by reference such an object would be read in place in memory.
void bind_variable(py::module_& m) {
  py::class_<Variable, std::shared_ptr<Variable>>(m, "Variable")
      .def(py::init([](const py::array& value) {
             auto variable = std::make_shared<Variable>(dtype_of(value), shape_of(value));
             check((value.flags() & py::array::c_style) != 0, "value must be C-contiguous");
             if (variable->bytes() > 0)
               std::memcpy(variable->data(), value.data(), static_cast<size_t>(variable->bytes()));
             return variable;
           }),
           "value"_a)
      .def_property_readonly(
          "dtype",
          [](const std::shared_ptr<Variable>& v) { return std::string(name_of(v->dtype())); })
      .def_property_readonly(
          "shape",
          [](const std::shared_ptr<Variable>& v) { return py::tuple(py::cast(v->shape().dims())); })
      .def_property_readonly("id", [](const std::shared_ptr<Variable>& v) { return v->id(); })
      .def_property_readonly("version",
                             [](const std::shared_ptr<Variable>& v) { return v->version(); })
      .def("numpy",
           [](const std::shared_ptr<Variable>& v) {
             py::array copy(numpy_dtype(v->dtype()), v->shape().dims());
             void* to = copy.mutable_data();
             {
               const CallWithoutGil others_run;
               v->lock().lock_read();
               if (v->bytes() > 0) std::memcpy(to, v->data(), static_cast<size_t>(v->bytes()));
               v->lock().unlock();
             }
             return copy;
           })
      .def(
          "assign",
          [](const std::shared_ptr<Variable>& v, const py::array& value) {
            const void* from = borrow(value, {v->dtype(), v->shape()}, "value", 0, false);
            const CallWithoutGil others_run;
            v->lock().lock_write();
            if (v->bytes() > 0) std::memcpy(v->data(), from, static_cast<size_t>(v->bytes()));
            v->raise_version();
            v->lock().unlock();
          },
          "value"_a);
}

}  // namespace fastcnn
