#include <pybind11/stl.h>

#include "base/check.h"
#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "bindings/released_gil.h"
#include "engine/program.h"

namespace fastcnn {

using namespace pybind11::literals;

namespace {

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

Storage storage_from(const std::string& name) {
  if (name == "arena") return Storage::arena;
  if (name == "input") return Storage::input;
  if (name == "output") return Storage::output;
  if (name == "variable") return Storage::variable;
  if (name == "derived") return Storage::derived;
  check(name == "nowhere",
        "storage must be arena, input, output, variable, derived or nowhere, got '", name, "'");
  return Storage::nowhere;
}

}  // namespace

void bind_program(py::module_& m) {
  py::class_<Operator, std::shared_ptr<Operator>>(m, "Operator")
      .def(py::init([](const std::string& op, const py::list& inputs, const py::list& outputs,
                       const py::dict& attrs, const std::vector<int64_t>& lasting) {
             return std::shared_ptr<Operator>(create_operator(
                 {op, operands_from(inputs), operands_from(outputs), attrs_from(attrs), lasting}));
           }),
           "op"_a, "inputs"_a, "outputs"_a, "attrs"_a, "lasting"_a = std::vector<int64_t>())
      .def_property_readonly("scratch_bytes",
                             [](const std::shared_ptr<Operator>& s) { return s->scratch_bytes(); })
      .def_property_readonly("packing_bytes",
                             [](const std::shared_ptr<Operator>& s) {
                               const Packing* packing = s->packing();
                               return packing ? packing->bytes : 0;
                             })
      .def_property_readonly("packs_in_run",
                             [](const std::shared_ptr<Operator>& s) {
                               return s->packing() != nullptr && s->packing()->in_run;
                             })
      .def_property_readonly("packing_input",
                             [](const std::shared_ptr<Operator>& s) {
                               return s->packing() ? s->packing()->input : -1;
                             })
      .def_property_readonly("packing_key",
                             [](const std::shared_ptr<Operator>& s) {
                               return s->packing() ? s->packing()->key : std::string();
                             })
      .def("packer",
           [](const std::shared_ptr<Operator>& s) {
             return std::shared_ptr<Operator>(make_packer(s));
           })
      .def_property_readonly("flops",
                             [](const std::shared_ptr<Operator>& s) { return s->cost().flops; })
      .def_property_readonly("bytes",
                             [](const std::shared_ptr<Operator>& s) { return s->cost().bytes; })
      .def_property_readonly("algorithm",
                             [](const std::shared_ptr<Operator>& s) { return s->algorithm(); });

  py::class_<DerivedValue, std::shared_ptr<DerivedValue>>(m, "DerivedValue")
      .def_property_readonly(
          "bytes", [](const std::shared_ptr<DerivedValue>& value) { return value->bytes(); });

  py::class_<Program, std::shared_ptr<Program>>(m, "Program")
      .def(
          py::init([](const py::list& values, const py::list& instructions,
                      std::vector<std::shared_ptr<Variable>> variables, int64_t arena_bytes,
                      std::vector<std::shared_ptr<DerivedValue>> derived) {
            std::vector<Value> all;
            for (const py::handle& item : values) {
              const auto [dtype, shape, storage, index] =
                  item.cast<std::tuple<std::string, std::vector<int64_t>, std::string, int64_t>>();
              all.push_back({{dtype_from_name(dtype), Shape(shape)}, storage_from(storage), index});
            }
            std::vector<Instruction> plan;
            for (const py::handle& item : instructions) {
              auto [op, in, out, scratch, packed] =
                  item.cast<std::tuple<std::shared_ptr<Operator>, std::vector<int64_t>,
                                       std::vector<int64_t>, int64_t, int64_t>>();
              plan.push_back({op, in, out, scratch, packed});
            }
            return std::make_shared<Program>(std::move(all), std::move(plan), std::move(variables),
                                             arena_bytes, std::move(derived));
          }),
          "values"_a, "instructions"_a, "variables"_a, "arena_bytes"_a,
          "derived"_a = std::vector<std::shared_ptr<DerivedValue>>())
      .def_property_readonly("arena_bytes",
                             [](const std::shared_ptr<Program>& p) { return p->arena_bytes(); })
      .def_property_readonly("barriers",
                             [](const std::shared_ptr<Program>& p) { return p->barriers(); })
      .def(
          "run",
          [](const std::shared_ptr<Program>& program, const py::sequence& feeds,
             const py::sequence& fetches, int threads) {
            const ArrayViews views = borrow_all(*program, feeds, fetches);
            call_interruptibly(program->takes_long(), [&](const Interrupted& interrupted) {
              return program->run(views.in, views.out, threads, nullptr, interrupted);
            });
          },
          "feeds"_a, "fetches"_a, "threads"_a = 0)
      .def(
          "record",
          [](const std::shared_ptr<Program>& program, const py::sequence& feeds,
             const py::sequence& fetches, int threads) {
            const ArrayViews views = borrow_all(*program, feeds, fetches);
            Recording recording;
            {
              const CallWithoutGil others_run;
              program->run(views.in, views.out, threads, &recording);
            }
            py::list events;
            for (const std::vector<Event>& own : recording.threads())
              for (const Event& e : own)
                events.append(
                    py::make_tuple(e.thread, e.instruction, e.phase, e.begin, e.end, e.items));
            return py::make_tuple(recording.threads().size(), recording.nanoseconds(), events);
          },
          "feeds"_a, "fetches"_a, "threads"_a = 0,
          "Like run; returns the number of threads, the nanoseconds of the run, and its events: "
          "thread, instruction, phase, begin and end in nanoseconds, items.");

  m.def("derived_value", &DerivedValue::of, "key"_a, "program"_a,
        "What the program makes; the value of this key, where there is one.");
}

}  // namespace fastcnn
