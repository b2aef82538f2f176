#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstring>

#include "base/check.h"
#include "base/parallel.h"
#include "engine/limits.h"
#include "engine/program.h"
#include "kernels/table.h"
#include "ops/winograd.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace fastcnn {
namespace {

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

char kind_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::f64:
      return 'f';
    case DType::boolean:
      return 'b';
    case DType::u8:
    case DType::u16:
    case DType::u32:
    case DType::u64:
      return 'u';
    default:
      return 'i';
  }
}

// By kind and size, because NumPy has two types of 8-byte integers that are equal.
bool has_dtype(const py::array& array, DType dtype) {
  const py::dtype actual = array.dtype();
  return actual.kind() == kind_of(dtype) && actual.itemsize() == size_of(dtype) &&
         actual.byteorder() != '>';
}

// Checks one array against what a Program expects and returns its memory; never converts.
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

struct Borrowed {
  std::vector<const void*> in;
  std::vector<void*> out;
  // Keeps the memory alive, whatever becomes of the sequences while others run.
  std::vector<py::array> arrays;
};

// A Program takes its inputs and outputs for separate memory when it decides what must wait.
void check_apart(const Borrowed& borrowed, size_t feeds) {
  const auto bytes = [&](size_t i) {
    return static_cast<const std::byte*>(borrowed.arrays[i].data());
  };
  for (size_t out = feeds; out < borrowed.arrays.size(); ++out)
    for (size_t other = 0; other < out; ++other) {
      const bool apart = bytes(out) + borrowed.arrays[out].nbytes() <= bytes(other) ||
                         bytes(other) + borrowed.arrays[other].nbytes() <= bytes(out);
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

Borrowed borrow_all(const Program& program, const py::sequence& feeds,
                    const py::sequence& fetches) {
  check(feeds.size() == program.inputs().size() && fetches.size() == program.outputs().size(),
        "program takes ", program.inputs().size(), " feeds and ", program.outputs().size(),
        " fetches, got ", feeds.size(), " and ", fetches.size());
  Borrowed borrowed;
  borrowed.in.reserve(feeds.size());
  borrowed.out.reserve(fetches.size());
  borrowed.arrays.reserve(feeds.size() + fetches.size());
  for (size_t i = 0; i < feeds.size(); ++i) {
    borrowed.arrays.push_back(array_of(feeds[i], "feed", i));
    borrowed.in.push_back(borrow(borrowed.arrays.back(), program.inputs()[i], "feed", i, false));
  }
  for (size_t i = 0; i < fetches.size(); ++i) {
    borrowed.arrays.push_back(array_of(fetches[i], "fetch", i));
    borrowed.out.push_back(borrow(borrowed.arrays.back(), program.outputs()[i], "fetch", i, true));
  }
  check_apart(borrowed, feeds.size());
  return borrowed;
}

// The caster's own error is a RuntimeError that does not say what came.
template <class T>
T cast_to(const py::handle& object, const char* expected) {
  try {
    return object.cast<T>();
  } catch (const py::cast_error&) {
    throw std::invalid_argument(concat("expected ", expected, ", got ",
                                       py::repr(object).cast<std::string>().substr(0, 80)));
  }
}

Operand operand_from(const py::handle& object) {
  const auto pair = cast_to<std::pair<std::string, std::vector<int64_t>>>(
      object, "a dtype name and a shape of 64-bit integers");
  return {dtype_from_name(pair.first), Shape(pair.second)};
}

std::vector<Operand> operands_from(const py::list& list) {
  std::vector<Operand> operands;
  for (const py::handle& item : list) operands.push_back(operand_from(item));
  return operands;
}

Attrs attrs_from(const py::dict& dict) {
  Attrs attrs;
  for (const auto& [key, value] : dict) {
    const auto name = key.cast<std::string>();
    if (py::isinstance<py::bool_>(value))
      attrs.set(name, value.cast<bool>());
    else if (py::isinstance<py::int_>(value))
      attrs.set(name, cast_to<int64_t>(value, "a 64-bit integer"));
    else if (py::isinstance<py::float_>(value))
      attrs.set(name, value.cast<double>());
    else if (py::isinstance<py::str>(value))
      attrs.set(name, value.cast<std::string>());
    else
      attrs.set(name, cast_to<std::vector<int64_t>>(value, "a list of 64-bit integers"));
  }
  return attrs;
}

Place place_from(const std::string& name) {
  if (name == "arena") return Place::arena;
  if (name == "input") return Place::input;
  if (name == "output") return Place::output;
  check(name == "variable", "place must be arena, input, output or variable, got '", name, "'");
  return Place::variable;
}

void bind_runtime(py::module_& m) {
  m.def("isa", [] { return std::string(kernels().isa); }, "Name of the instruction set in use.");
  m.def("isa_source", [] { return std::string(isa_source()); }, "Why that one is in use.");
  m.def("available_isas", &available_isas, "Instruction sets this CPU can run, worst first.");
  m.def("winograd_enabled", &winograd_enabled, "Whether 'auto' may choose Winograd convolution.");
  m.def("set_winograd", &set_winograd, "enabled"_a, "Lets 'auto' choose it, or not.");
  m.def("set_isa", &set_isa, "name"_a, "Uses another instruction set; '' returns to the default.");
  m.def("num_threads", [] { return thread_choice().threads; }, "Threads that a call may use.");
  m.def("num_threads_source", [] { return thread_choice().source; }, "Where the number came from.");
  m.def("set_num_threads", &set_num_threads, "threads"_a, "0 returns to the default.");
  m.def("set_serial_seconds", &set_serial_seconds, "seconds"_a,
        "Programs with less estimated work run on the calling thread alone; -1 for the default.");
  m.def("lanes", [] { return kernels().lanes; }, "float32 numbers in a vector register.");
  m.def("float_isa", &float_isa, "name"_a,
        "The instruction set whose float32 kernels this one shares; often itself.");
  m.def("measure_peak", &measure_peak, "threads"_a = 1, "seconds"_a = 0.2, "dtype"_a = "float32",
        py::call_guard<py::gil_scoped_release>(),
        "Billions of operations a second on this many threads: the limit of the machine.");
  m.def("measure_bandwidth", &measure_bandwidth, "kind"_a, "bytes"_a, "threads"_a = 1,
        "seconds"_a = 0.2, py::call_guard<py::gil_scoped_release>(),
        "GB/s of passes over this much memory, an equal part a thread.");
}

// Methods take their object by its holder: that of one made by __new__ alone, without __init__, is
// missing, which raises; by reference such an object would be read as it lies in memory.
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
      .def_property_readonly("version",
                             [](const std::shared_ptr<Variable>& v) { return v->version(); })
      .def("numpy",
           [](const std::shared_ptr<Variable>& v) {
             py::array copy(numpy_dtype(v->dtype()), v->shape().dims());
             void* to = copy.mutable_data();
             {
               const py::gil_scoped_release others_run;
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
            const py::gil_scoped_release others_run;
            v->lock().lock_write();
            if (v->bytes() > 0) std::memcpy(v->data(), from, static_cast<size_t>(v->bytes()));
            v->raise_version();
            v->lock().unlock();
          },
          "value"_a);
}

void bind_program(py::module_& m) {
  py::class_<Step, std::shared_ptr<Step>>(m, "Step")
      .def(py::init([](const std::string& op, const py::list& inputs, const py::list& outputs,
                       const py::dict& attrs, const std::vector<int64_t>& lasting) {
             return std::shared_ptr<Step>(make_step(
                 {op, operands_from(inputs), operands_from(outputs), attrs_from(attrs), lasting}));
           }),
           "op"_a, "inputs"_a, "outputs"_a, "attrs"_a, "lasting"_a = std::vector<int64_t>())
      .def_property_readonly("scratch_bytes",
                             [](const std::shared_ptr<Step>& s) { return s->scratch_bytes(); })
      .def_property_readonly("packing_bytes",
                             [](const std::shared_ptr<Step>& s) {
                               const Packing* packing = s->packing();
                               return packing && packing->in_run ? packing->bytes : 0;
                             })
      .def_property_readonly(
          "packing_input",
          [](const std::shared_ptr<Step>& s) { return s->packing() ? s->packing()->input : -1; })
      .def_property_readonly("flops",
                             [](const std::shared_ptr<Step>& s) { return s->cost().flops; })
      .def_property_readonly("bytes",
                             [](const std::shared_ptr<Step>& s) { return s->cost().bytes; });

  py::class_<Program, std::shared_ptr<Program>>(m, "Program")
      .def(py::init([](const py::list& values, const py::list& steps,
                       std::vector<std::shared_ptr<Variable>> variables, int64_t arena_bytes) {
             std::vector<Value> all;
             for (const py::handle& item : values) {
               const auto [dtype, shape, place, index] =
                   item.cast<std::tuple<std::string, std::vector<int64_t>, std::string, int64_t>>();
               all.push_back({{dtype_from_name(dtype), Shape(shape)}, place_from(place), index});
             }
             std::vector<PlacedStep> placed;
             for (const py::handle& item : steps) {
               auto [step, in, out, scratch] =
                   item.cast<std::tuple<std::shared_ptr<Step>, std::vector<int64_t>,
                                        std::vector<int64_t>, int64_t>>();
               placed.push_back({step, in, out, scratch});
             }
             return std::make_shared<Program>(std::move(all), std::move(placed),
                                              std::move(variables), arena_bytes);
           }),
           "values"_a, "steps"_a, "variables"_a, "arena_bytes"_a)
      .def_property_readonly("arena_bytes",
                             [](const std::shared_ptr<Program>& p) { return p->arena_bytes(); })
      .def_property_readonly("barriers",
                             [](const std::shared_ptr<Program>& p) { return p->barriers(); })
      .def(
          "run",
          [](const std::shared_ptr<Program>& program, const py::sequence& feeds,
             const py::sequence& fetches, int threads) {
            const Borrowed arrays = borrow_all(*program, feeds, fetches);
            const py::gil_scoped_release others_run;
            program->run(arrays.in, arrays.out, threads);
          },
          "feeds"_a, "fetches"_a, "threads"_a = 0)
      .def(
          "profile",
          [](const std::shared_ptr<Program>& program, const py::sequence& feeds,
             const py::sequence& fetches, int threads) {
            const Borrowed arrays = borrow_all(*program, feeds, fetches);
            std::vector<double> seconds;
            const py::gil_scoped_release others_run;
            program->run(arrays.in, arrays.out, threads, &seconds);
            return seconds;
          },
          "feeds"_a, "fetches"_a, "threads"_a = 0, "Like run; returns the seconds of each step.");
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of fastcnn: prepared steps, programs and variables.";
  bind_runtime(m);
  bind_variable(m);
  bind_program(m);
}

}  // namespace fastcnn
