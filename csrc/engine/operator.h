#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"
#include "engine/attrs.h"

namespace fastcnn {

// What an operator knows of a value: everything but where it is stored.
struct Operand {
  DType dtype;
  Shape shape;

  bool operator==(const Operand& other) const {
    return dtype == other.dtype && shape == other.shape;
  }
  // "float32 (2, 3)"
  std::string text() const { return name_of(dtype) + (" " + shape.text()); }
};

// One operation as Python describes it.
struct OperatorSpec {
  std::string op;
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;
  Attrs attrs;
  // Inputs that no run changes, so that a packed form of them is made once.
  std::vector<int64_t> lasting;

  bool lasts(int64_t input) const {
    return std::find(lasting.begin(), lasting.end(), input) != lasting.end();
  }
};

// Where an operator's operands and scratch are stored during one run; resolved by the Program.
struct Buffers {
  const void* const* in;
  void* const* out;
  std::byte* scratch;         // Operator::scratch_bytes(), shared by all items
  std::byte* thread_scratch;  // Operator::thread_scratch_bytes(), this thread's own
  const std::byte* packed;    // what pack() made of the packed input; see Packing::in_run

  template <class T = float>
  const T* input(int i) const {
    return static_cast<const T*>(in[i]);
  }
  template <class T = float>
  T* output(int i) const {
    return static_cast<T*>(out[i]);
  }
};

// A form of one input that suits the kernels better. Of an input that lasts it is a DerivedValue,
// made once; of any other it is made in every run.
struct Packing {
  int input;
  std::string key;  // equal keys mean equal packed bytes for equal input
  int64_t bytes;
  int64_t items;
  // Whether packing an input pays in a run that is the only one to use the packed form. Where it
  // does not, run() gets no packed input and reads the input itself.
  bool in_run = true;
};

// An estimate of an operator's work, for explaining plans and for choosing the number of threads.
struct Cost {
  double flops;
  double bytes;
};

// One prepared operation of a Program. Everything that depends only on shapes is decided in the
// constructor, which throws std::invalid_argument for what it cannot do; an operator holds no
// batch, so several threads may run one Program at once.
//
// An operator is a sequence of phases. The items of one phase may run in any order and on any
// thread; a phase starts when all items of the one before have ended. How many there are depends on
// shapes alone, so results cannot depend on the number of threads.
class Operator {
 public:
  virtual ~Operator() = default;

  // Types of what run() gets, as create_operator() got them; a Program holds its values to them.
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;

  virtual int phases() const { return 1; }
  virtual int64_t items(int phase) const = 0;
  virtual void run(int phase, int64_t item, const Buffers& at) const noexcept = 0;
  // Whether a thread had better begin with the last items of its share: where the phase before, or
  // usually the instruction before, has gone over the same memory, what it read last is still in a
  // cache.
  virtual bool reverse_item_order(int /*phase*/) const { return false; }

  virtual int64_t scratch_bytes() const { return 0; }
  virtual int64_t thread_scratch_bytes() const { return 0; }
  virtual Cost cost() const = 0;
  // By which of several algorithms, for explaining plans; empty where there is only one.
  virtual std::string algorithm() const { return {}; }

  virtual const Packing* packing() const { return nullptr; }
  virtual void pack(int64_t /*item*/, const void* /*input*/, std::byte* /*packed*/) const noexcept {
  }
};

// Prepares the operation that `spec.op` names. Throws std::invalid_argument for an unknown name
// and for operands or settings that the operation refuses.
std::unique_ptr<Operator> create_operator(const OperatorSpec& spec);

}  // namespace fastcnn
