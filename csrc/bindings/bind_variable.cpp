#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "bindings/released_gil.h"
#include "engine/variable.h"

namespace fastcnn {

using namespace pybind11::literals;

namespace {

using Variables = std::vector<std::shared_ptr<Variable>>;

// Holds the locks of some Variables, taken in the order in which runs take them.
class Locked {
 public:
  Locked(Variables variables, bool write) : variables_(std::move(variables)) {
    std::sort(variables_.begin(), variables_.end(),
              [](const auto& a, const auto& b) { return a->id() < b->id(); });
    variables_.erase(std::unique(variables_.begin(), variables_.end()), variables_.end());
    for (const auto& variable : variables_)
      write ? variable->lock().lock_write() : variable->lock().lock_read();
  }
  ~Locked() {
    for (const auto& variable : variables_) variable->lock().unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  Variables variables_;
};

std::vector<py::array> read_variables(const Variables& variables) {
  std::vector<py::array> copies;
  std::vector<void*> to;
  for (const auto& variable : variables) {
    check(variable != nullptr, "read_variables: a variable is None");
    copies.emplace_back(numpy_dtype(variable->dtype()), variable->shape().dims());
    to.push_back(copies.back().mutable_data());
  }
  const CallWithoutGil others_run;
  const Locked locked(variables, false);
  for (size_t i = 0; i < variables.size(); ++i)
    if (const int64_t bytes = variables[i]->bytes(); bytes > 0)
      std::memcpy(to[i], variables[i]->data(), static_cast<size_t>(bytes));
  return copies;
}

void assign_variables(const Variables& variables, const std::vector<py::array>& values) {
  check(variables.size() == values.size(), "assign_variables: ", values.size(), " values for ",
        variables.size(), " variables");
  std::vector<const void*> from;
  for (size_t i = 0; i < values.size(); ++i) {
    check(variables[i] != nullptr, "assign_variables: a variable is None");
    from.push_back(
        borrow(values[i], {variables[i]->dtype(), variables[i]->shape()}, "value", i, false));
  }
  const CallWithoutGil others_run;
  const Locked locked(variables, true);
  for (size_t i = 0; i < variables.size(); ++i) {
    if (const int64_t bytes = variables[i]->bytes(); bytes > 0)
      std::memcpy(variables[i]->data(), from[i], static_cast<size_t>(bytes));
    variables[i]->raise_version();
  }
}

}  // namespace

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
      .def("numpy", [](const std::shared_ptr<Variable>& v) { return read_variables({v})[0]; })
      .def(
          "assign",
          [](const std::shared_ptr<Variable>& v, const py::array& value) {
            assign_variables({v}, {value});
          },
          "value"_a);

  m.def("read_variables", &read_variables, "variables"_a,
        "Copies of all values, between the same two steps of whatever writes them.");
  m.def("assign_variables", &assign_variables, "variables"_a, "values"_a,
        "Replaces all values at once, for whoever reads them meanwhile.");
}

}  // namespace fastcnn
