#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "base/interruption.h"
#include "engine/derived.h"
#include "engine/operator.h"
#include "engine/recording.h"
#include "engine/variable.h"

namespace fastcnn {

// Where a value of a Program lies: nowhere, if instructions read nothing but a packed form of it.
enum class Storage { arena, input, output, variable, derived, nowhere };

struct Value {
  Operand operand;
  Storage storage;
  int64_t index;  // of the input, output, variable or derived value; for the arena the byte offset
};

// A prepared operator with the values it reads and writes.
struct Instruction {
  std::shared_ptr<const Operator> op;
  std::vector<int64_t> inputs;   // indices of values
  std::vector<int64_t> outputs;  // indices of values
  int64_t scratch_offset;        // bytes in the arena
  int64_t packed = -1;           // the derived value that is the packed input, or -1
};

// Programs whose estimated work takes less than this run on the calling thread alone; a negative
// number returns to the default. Tests set 0, because the same bits for any number of threads are
// promised for small work too: then sleeping workers are woken for any work.
void set_serial_seconds(double seconds);

// A flat list of instructions over one arena: what Python's graph is lowered to. Immutable, so
// several threads may run it at once; each run borrows an arena (arena_pool.h).
class Program {
 public:
  // Throws std::invalid_argument when an index, offset or operand does not fit.
  Program(std::vector<Value> values, std::vector<Instruction> instructions,
          std::vector<std::shared_ptr<Variable>> variables, int64_t arena_bytes,
          std::vector<std::shared_ptr<DerivedValue>> derived = {});
  ~Program();

  // Operands of the arrays that run() takes.
  const std::vector<Operand>& inputs() const { return inputs_; }
  const std::vector<Operand>& outputs() const { return outputs_; }

  // Runs all instructions. Variables that one writes are locked for writing for the whole run, all
  // others for reading. `threads` <= 0 means the default. With `recording`, also notes what each
  // thread did when; two readings of the clock a phase are all the difference that makes.
  //
  // With `interrupted`, asks it now and then on the calling thread, between work items, until the
  // first Variable is written. When it says so, stops and returns false: then the outputs hold
  // anything, and Variables what they held before. True otherwise.
  bool run(const std::vector<const void*>& inputs, const std::vector<void*>& outputs, int threads,
           Recording* recording = nullptr, const Interrupted& interrupted = nullptr) const;
  // Runs a Program that takes nothing, for a caller who keeps its Variables from changing: without
  // locks, and in memory that is given back at once.
  void run_once(void* output, int threads) const;
  // Whether a run takes so long that someone may want to interrupt it.
  bool takes_long() const;

  // Bytes of arena that one run needs.
  int64_t arena_bytes() const { return arena_bytes_; }
  const std::vector<std::shared_ptr<Variable>>& variables() const { return variables_; }
  bool writes_variables() const;
  // How many phases have to wait for the ones before.
  int64_t barriers() const;

 private:
  struct Phase;
  enum class Fate;
  struct Context;
  class PooledContext;
  class VariableLocks;

  void check_instruction(const Instruction& instruction) const;
  void add_phases();
  int64_t first_reader(size_t derived) const;
  bool packs_in_run(const Instruction& instruction) const;
  void execute(Context& context, const std::vector<const void*>& inputs,
               const std::vector<void*>& outputs, int threads) const;
  void walk(Context& context, int thread) const noexcept;
  int team_size(int threads) const;
  // What parallel_team() is told of the work.
  double shared_seconds() const;

  std::vector<Value> values_;
  std::vector<Instruction> instructions_;
  std::vector<std::shared_ptr<Variable>> variables_;
  std::vector<bool> written_;       // by variable
  std::vector<size_t> lock_order_;  // indices of variables by id
  std::vector<std::shared_ptr<DerivedValue>> derived_;
  std::vector<Operand> inputs_;
  std::vector<Operand> outputs_;
  std::vector<Phase> phases_;
  size_t first_write_ = 0;  // phase from which on a run writes Variables
  int64_t arena_bytes_;
  int64_t thread_scratch_bytes_ = 0;
  double work_seconds_ = 0;  // estimated, on one thread
  mutable std::mutex pool_mutex_;
  mutable std::vector<std::unique_ptr<Context>> pool_;
};

}  // namespace fastcnn
