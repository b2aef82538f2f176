// The core as a program: it reads calls from standard input and writes their results to standard
// output, so that Python on this machine can test kernels that only another one could run, under
// emulation. tools/emulated/remote_core.py is the other end and says what the messages hold.
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <new>

#include "base/check.h"
#include "base/parallel.h"
#include "engine/derived.h"
#include "engine/program.h"
#include "kernels/dispatch/table.h"
#include "ops/convolution/algorithm.h"
#include "ops/elementwise/elementwise.h"

namespace fastcnn {
namespace {

// A message is its length and so many bytes; in them numbers are 8 bytes, texts and lists begin
// with their length.
class Message {
 public:
  bool read() {
    uint64_t size = 0;
    if (std::fread(&size, sizeof size, 1, stdin) != 1) return false;
    bytes_.resize(size);
    at_ = 0;
    return size == 0 || std::fread(bytes_.data(), size, 1, stdin) == 1;
  }
  void write() const {
    const uint64_t size = bytes_.size();
    std::fwrite(&size, sizeof size, 1, stdout);
    std::fwrite(bytes_.data(), 1, size, stdout);
    std::fflush(stdout);
  }

  int64_t integer() { return number<int64_t>(); }
  double real() { return number<double>(); }
  std::string text() {
    const int64_t size = integer();
    return {static_cast<const char*>(take(size)), static_cast<size_t>(size)};
  }
  std::vector<int64_t> integers() {
    std::vector<int64_t> list(static_cast<size_t>(integer()));
    for (int64_t& item : list) item = integer();
    return list;
  }
  const void* take(int64_t size) {
    check(size >= 0 && at_ + static_cast<size_t>(size) <= bytes_.size(), "the message is cut off");
    const char* bytes = bytes_.data() + at_;
    at_ += static_cast<size_t>(size);
    return bytes;
  }

  // Throws std::invalid_argument unless every field has been taken.
  void end() const { check(at_ == bytes_.size(), "the message has more fields than the call"); }

  void put(const void* bytes, int64_t size) {
    const auto* const begin = static_cast<const char*>(bytes);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  void put(int64_t value) { put(&value, sizeof value); }
  void put(double value) { put(&value, sizeof value); }
  void put(const std::string& text) {
    put(static_cast<int64_t>(text.size()));
    put(text.data(), static_cast<int64_t>(text.size()));
  }

 private:
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }

  std::vector<char> bytes_;
  size_t at_ = 0;
};

// What the other end has made and not yet dropped, by number.
template <class T>
class Kept {
 public:
  int64_t add(std::shared_ptr<T> object) {
    objects_[++last_] = std::move(object);
    return last_;
  }
  std::shared_ptr<T> operator[](int64_t number) const {
    const auto found = objects_.find(number);
    check(found != objects_.end(), "no object ", number);
    return found->second;
  }
  void drop(int64_t number) { objects_.erase(number); }

 private:
  int64_t last_ = 0;
  std::map<int64_t, std::shared_ptr<T>> objects_;
};

class Server {
 public:
  // Reads one call and answers it; false at the end of the input.
  bool serve() {
    Message call;
    if (!call.read()) return false;
    Message result;
    result.put(int64_t{0});
    try {
      answer(call.text(), call, result);
      call.end();
    } catch (const std::bad_alloc&) {
      result = failure(2, "out of memory");
    } catch (const std::exception& error) {
      result = failure(1, error.what());
    }
    result.write();
    return true;
  }

 private:
  static Message failure(int64_t kind, const char* text) {
    Message message;
    message.put(kind);
    message.put(std::string(text));
    return message;
  }

  void answer(const std::string& what, Message& call, Message& result) {
    if (what == "state") return put_state(result);
    if (what == "dtypes") return put_list(dtype_names(), result);
    if (what == "fusable_operators") return put_list(fusable_operators(), result);
    if (what == "set_isa") return set_isa(call.text());
    if (what == "set_winograd") return set_winograd(static_cast<WinogradUse>(call.integer()));
    if (what == "set_num_threads") return set_num_threads(call.integer());
    if (what == "set_serial_seconds") return set_serial_seconds(call.real());
    if (what == "create_operator") return create_one_operator(call, result);
    if (what == "make_packer") return make_packer_of(call, result);
    if (what == "derive") return derive(call, result);
    if (what == "make_variable") return make_variable(call, result);
    if (what == "make_program") return make_program(call, result);
    if (what == "drop_operator") return operators_.drop(call.integer());
    if (what == "drop_variable") return variables_.drop(call.integer());
    if (what == "drop_derivedvalue") return derived_.drop(call.integer());
    if (what == "drop_program") return programs_.drop(call.integer());
    if (what == "version")
      return result.put(static_cast<int64_t>(variables_[call.integer()]->version()));
    if (what == "assign") return assign(call);
    if (what == "numpy") {
      const std::shared_ptr<Variable> variable = variables_[call.integer()];
      return result.put(variable->data(), variable->bytes());
    }
    if (what == "run") return run(call, result);
    check(false, "unknown call '", what, "'");
  }

  static void put_list(const std::vector<std::string>& names, Message& result) {
    result.put(static_cast<int64_t>(names.size()));
    for (const std::string& name : names) result.put(name);
  }

  static void put_state(Message& result) {
    result.put(std::string(kernels().isa));
    result.put(std::string(isa_source()));
    result.put(kernels().lanes);
    result.put(static_cast<int64_t>(winograd_use()));
    result.put(int64_t{thread_choice().threads});
    result.put(thread_choice().source);
    for (const std::string& name : available_isas()) {
      result.put(name);
      result.put(base_isa(name));
    }
  }

  static std::vector<Operand> operands(Message& call) {
    std::vector<Operand> list;
    for (int64_t left = call.integer(); left > 0; --left) {
      const DType dtype = dtype_from_name(call.text());
      list.push_back({dtype, Shape(call.integers())});
    }
    return list;
  }

  static Attrs attrs(Message& call) {
    Attrs attrs;
    for (int64_t left = call.integer(); left > 0; --left) {
      const std::string name = call.text();
      const std::string kind = call.text();
      if (kind == "bool") attrs.set(name, call.integer() != 0);
      if (kind == "int") attrs.set(name, call.integer());
      if (kind == "float") attrs.set(name, call.real());
      if (kind == "str") attrs.set(name, call.text());
      if (kind == "tuple") attrs.set(name, call.integers());
    }
    return attrs;
  }

  void create_one_operator(Message& call, Message& result) {
    OperatorSpec spec;
    spec.op = call.text();
    spec.inputs = operands(call);
    spec.outputs = operands(call);
    spec.attrs = attrs(call);
    spec.lasting = call.integers();
    put_operator(create_operator(spec), result);
  }

  void put_operator(std::shared_ptr<const Operator> op, Message& result) {
    const Packing* const packing = op->packing();
    result.put(operators_.add(op));
    result.put(op->scratch_bytes());
    result.put(packing ? packing->bytes : int64_t{0});
    result.put(int64_t{packing && packing->in_run});
    result.put(int64_t{packing ? packing->input : -1});
    result.put(packing ? packing->key : std::string());
    result.put(op->cost().flops);
    result.put(op->cost().bytes);
  }

  void make_packer_of(Message& call, Message& result) {
    put_operator(make_packer(operators_[call.integer()]), result);
  }

  void derive(Message& call, Message& result) {
    const std::string key = call.text();
    const auto value = DerivedValue::of(key, programs_[call.integer()]);
    result.put(derived_.add(value));
    result.put(value->bytes());
  }

  void make_variable(Message& call, Message& result) {
    const DType dtype = dtype_from_name(call.text());
    const auto variable = std::make_shared<Variable>(dtype, Shape(call.integers()));
    if (const int64_t bytes = variable->bytes(); bytes > 0)
      std::memcpy(variable->data(), call.take(bytes), static_cast<size_t>(bytes));
    result.put(variables_.add(variable));
    result.put(static_cast<int64_t>(variable->id()));
  }

  void assign(Message& call) {
    const std::shared_ptr<Variable> variable = variables_[call.integer()];
    if (const int64_t bytes = variable->bytes(); bytes > 0)
      std::memcpy(variable->data(), call.take(bytes), static_cast<size_t>(bytes));
    variable->raise_version();
  }

  void make_program(Message& call, Message& result) {
    std::vector<Value> values;
    for (int64_t left = call.integer(); left > 0; --left) {
      const DType dtype = dtype_from_name(call.text());
      const Shape shape(call.integers());
      const auto storage = static_cast<Storage>(call.integer());
      values.push_back({{dtype, shape}, storage, call.integer()});
    }
    std::vector<Instruction> instructions;
    for (int64_t left = call.integer(); left > 0; --left) {
      const std::shared_ptr<const Operator> op = operators_[call.integer()];
      const std::vector<int64_t> in = call.integers();
      const std::vector<int64_t> out = call.integers();
      const int64_t scratch = call.integer();
      instructions.push_back({op, in, out, scratch, call.integer()});
    }
    std::vector<std::shared_ptr<Variable>> variables;
    for (const int64_t number : call.integers()) variables.push_back(variables_[number]);
    const int64_t arena_bytes = call.integer();
    std::vector<std::shared_ptr<DerivedValue>> derived;
    for (const int64_t number : call.integers()) derived.push_back(derived_[number]);
    const auto program =
        std::make_shared<Program>(std::move(values), std::move(instructions), std::move(variables),
                                  arena_bytes, std::move(derived));
    result.put(programs_.add(program));
    result.put(program->barriers());
  }

  void run(Message& call, Message& result) {
    const std::shared_ptr<Program> program = programs_[call.integer()];
    const auto threads = static_cast<int>(call.integer());
    const auto bytes_of = [](const Operand& operand) {
      return operand.shape.elements() * size_of(operand.dtype);
    };
    // Each array in memory of its own and of exactly its size, as NumPy would have it.
    std::vector<Memory> arrays;
    std::vector<const void*> in;
    for (const Operand& operand : program->inputs()) {
      arrays.emplace_back(bytes_of(operand));
      if (const int64_t bytes = bytes_of(operand); bytes > 0)
        std::memcpy(arrays.back().data(), call.take(bytes), static_cast<size_t>(bytes));
      in.push_back(arrays.back().data());
    }
    std::vector<void*> out;
    for (const Operand& operand : program->outputs()) {
      arrays.emplace_back(bytes_of(operand));
      out.push_back(arrays.back().data());
    }
    call.end();
    program->run(in, out, threads);
    for (size_t i = 0; i < out.size(); ++i) result.put(out[i], bytes_of(program->outputs()[i]));
  }

  Kept<const Operator> operators_;
  Kept<Variable> variables_;
  Kept<Program> programs_;
  Kept<DerivedValue> derived_;
};

}  // namespace
}  // namespace fastcnn

int main() {
  fastcnn::Server server;
  while (server.serve()) {
  }
}
