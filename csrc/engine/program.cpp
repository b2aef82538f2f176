#include "engine/program.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <new>
#include <numeric>

#include "base/check.h"
#include "base/parallel.h"
#include "engine/run_context.h"

namespace fastcnn {
namespace {

// Below this much work a second thread costs more than it brings, even one that is awake.
constexpr double kSerialSeconds = 12e-6;
std::atomic<double> serial_seconds{kSerialSeconds};
// Of one thread, with data in its caches: where work is so little that it matters.
constexpr double kFlopsPerSecond = 90e9;
constexpr double kBytesPerSecond = 60e9;
// Interrupts of estimated work below this wait for its end; it may take ten times as long.
constexpr double kInterruptibleSeconds = 10e-3;

// A stretch of memory that an instruction reads or writes.
struct Range {
  Storage storage;
  int64_t index;
  int64_t begin;
  int64_t end;
};

bool overlap(const Range& a, const Range& b) {
  return a.storage == b.storage && a.index == b.index && a.begin < b.end && b.begin < a.end;
}

bool any_overlap(const std::vector<Range>& a, const std::vector<Range>& b) {
  for (const Range& x : a)
    for (const Range& y : b)
      if (overlap(x, y)) return true;
  return false;
}

Range range_of(const Value& value) {
  const int64_t bytes = value.operand.shape.elements() * size_of(value.operand.dtype);
  if (value.storage == Storage::arena) return {Storage::arena, 0, value.index, value.index + bytes};
  return {value.storage, value.index, 0, bytes};
}

void append(std::vector<Range>& to, const std::vector<Range>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

Program::Program(std::vector<Value> values, std::vector<Instruction> instructions,
                 std::vector<std::shared_ptr<Variable>> variables, int64_t arena_bytes,
                 std::vector<std::shared_ptr<DerivedValue>> derived)
    : values_(std::move(values)),
      instructions_(std::move(instructions)),
      variables_(std::move(variables)),
      written_(variables_.size()),
      derived_(std::move(derived)),
      arena_bytes_(arena_bytes) {
  check(arena_bytes >= 0 && arena_bytes <= kMaxElements, "program: arena of ", arena_bytes,
        " bytes");
  std::vector<int64_t> input_bytes, output_bytes;
  for (const std::shared_ptr<Variable>& variable : variables_)
    check(variable != nullptr, "program: a variable is None");
  for (const std::shared_ptr<DerivedValue>& value : derived_)
    check(value != nullptr, "program: a derived value is None");
  for (const Value& value : values_) {
    const int64_t bytes = value.operand.shape.elements() * size_of(value.operand.dtype);
    check(value.index >= 0, "program: negative index ", value.index);
    const auto index = static_cast<size_t>(value.index);
    if (value.storage == Storage::arena) {
      check(value.index % kAlignment == 0 && value.index <= arena_bytes - bytes,
            "program: a value of ", bytes, " bytes at ", value.index, " does not fit the arena of ",
            arena_bytes);
    } else if (value.storage == Storage::variable) {
      check(index < variables_.size(), "program: no variable ", index);
      check(variables_[index]->dtype() == value.operand.dtype &&
                variables_[index]->shape().elements() == value.operand.shape.elements(),
            "program: variable ", index, " has another type");
    } else if (value.storage == Storage::derived) {
      check(index < derived_.size(), "program: no derived value ", index);
      check(derived_[index]->operand().dtype == value.operand.dtype &&
                derived_[index]->bytes() >= bytes,
            "program: derived value ", index, " has another type");
    } else if (value.storage != Storage::nowhere) {
      check(index <= values_.size(), "program: no input or output ", index);
      std::vector<Operand>& list = value.storage == Storage::input ? inputs_ : outputs_;
      std::vector<int64_t>& known = value.storage == Storage::input ? input_bytes : output_bytes;
      if (list.size() <= index) {
        list.resize(index + 1, Operand{DType::f32, Shape({0})});
        known.resize(index + 1, -1);
      }
      // Several values may share an array (reshape); the array is checked against the largest,
      // of equal ones the first: that is what the caller knows.
      if (known[index] < bytes) {
        known[index] = bytes;
        list[index] = value.operand;
      }
    }
  }
  for (const Instruction& instruction : instructions_) {
    check_instruction(instruction);
    for (const int64_t id : instruction.outputs) {
      const Value& value = values_[static_cast<size_t>(id)];
      check(value.storage != Storage::input, "program: an instruction writes an input");
      check(value.storage != Storage::derived && value.storage != Storage::nowhere,
            "program: an instruction writes a derived value");
      if (value.storage == Storage::variable) written_[static_cast<size_t>(value.index)] = true;
    }
    thread_scratch_bytes_ =
        std::max(thread_scratch_bytes_, align_up(instruction.op->thread_scratch_bytes()));
  }
  for (const Instruction& instruction : instructions_) {
    int64_t scratch = instruction.op->scratch_bytes();
    if (packs_in_run(instruction)) scratch = align_up(scratch) + instruction.op->packing()->bytes;
    check(instruction.scratch_offset >= 0 && instruction.scratch_offset % kAlignment == 0 &&
              instruction.scratch_offset <= arena_bytes - scratch,
          "program: scratch of ", scratch, " bytes does not fit the arena");
  }
  lock_order_.resize(variables_.size());
  std::iota(lock_order_.begin(), lock_order_.end(), size_t{0});
  std::sort(lock_order_.begin(), lock_order_.end(),
            [this](size_t a, size_t b) { return variables_[a]->id() < variables_[b]->id(); });
  check(std::adjacent_find(lock_order_.begin(), lock_order_.end(),
                           [this](size_t a, size_t b) { return variables_[a] == variables_[b]; }) ==
            lock_order_.end(),
        "program: a variable is listed twice");
  double work = 0;
  for (const Instruction& instruction : instructions_) {
    const Cost cost = instruction.op->cost();
    work += cost.flops / kFlopsPerSecond + cost.bytes / kBytesPerSecond;
  }
  work_seconds_ = work;
  add_phases();
}

Program::~Program() = default;

void Program::check_instruction(const Instruction& instruction) const {
  check(instruction.op != nullptr, "program: an operator is None");
  const Operator& op = *instruction.op;
  check(instruction.inputs.size() == op.inputs.size() &&
            instruction.outputs.size() == op.outputs.size(),
        "program: an operator takes ", op.inputs.size(), " inputs and ", op.outputs.size(),
        " outputs, got ", instruction.inputs.size(), " and ", instruction.outputs.size());
  const auto check_list = [this](const std::vector<int64_t>& ids,
                                 const std::vector<Operand>& operands) {
    for (size_t i = 0; i < ids.size(); ++i) {
      check(ids[i] >= 0 && static_cast<size_t>(ids[i]) < values_.size(), "program: no value ",
            ids[i]);
      const Operand& value = values_[static_cast<size_t>(ids[i])].operand;
      check(value == operands[i], "program: value ", ids[i], " is ", value.text(),
            ", the operator expects ", operands[i].text());
    }
  };
  check_list(instruction.inputs, op.inputs);
  check_list(instruction.outputs, op.outputs);
  const Packing* packing = op.packing();
  if (instruction.packed >= 0) {
    const auto packed = static_cast<size_t>(instruction.packed);
    check(packing != nullptr && packed < derived_.size() &&
              derived_[packed]->bytes() == packing->bytes,
          "program: derived value ", packed, " is not the packed form that its instruction reads");
  }
  for (size_t i = 0; i < instruction.inputs.size(); ++i)
    check(values_[static_cast<size_t>(instruction.inputs[i])].storage != Storage::nowhere ||
              (instruction.packed >= 0 && static_cast<size_t>(packing->input) == i),
          "program: input ", i, " of an instruction lies nowhere and is not packed");
}

bool Program::packs_in_run(const Instruction& instruction) const {
  const Packing* packing = instruction.op->packing();
  return packing != nullptr && packing->in_run && instruction.packed < 0;
}

bool Program::writes_variables() const {
  return std::find(written_.begin(), written_.end(), true) != written_.end();
}

// A phase has to wait only where it touches what was written, or writes what was touched, since
// the last wait; independent ones (the two gradients of a layer) run into each other.
void Program::add_phases() {
  std::vector<Range> read;
  std::vector<Range> written;
  bool writes = false;  // a Variable, here or before
  for (size_t s = 0; s < instructions_.size(); ++s) {
    const Instruction& instruction = instructions_[s];
    std::vector<Range> in;
    std::vector<Range> out;
    for (const int64_t id : instruction.inputs)
      in.push_back(range_of(values_[static_cast<size_t>(id)]));
    for (const int64_t id : instruction.outputs)
      out.push_back(range_of(values_[static_cast<size_t>(id)]));
    int64_t scratch = instruction.op->scratch_bytes();
    const bool packs = packs_in_run(instruction);
    if (packs) scratch = align_up(scratch) + instruction.op->packing()->bytes;
    if (scratch > 0)
      out.push_back(
          {Storage::arena, 0, instruction.scratch_offset, instruction.scratch_offset + scratch});
    writes = writes || std::any_of(out.begin(), out.end(), [](const Range& range) {
               return range.storage == Storage::variable;
             });
    bool barrier = any_overlap(in, written) || any_overlap(out, written) || any_overlap(out, read);
    for (int number = packs ? kPackPhase : 0; number < instruction.op->phases(); ++number) {
      const int64_t items =
          number == kPackPhase ? instruction.op->packing()->items : instruction.op->items(number);
      if (items == 0) continue;
      if (barrier) {
        read.clear();
        written.clear();
      }
      append(read, in);
      append(written, out);
      phases_.push_back({s, number, items, barrier});
      if (!writes) ++first_write_;
      barrier = true;  // the next phase of this instruction
    }
  }
}

int64_t Program::barriers() const {
  return std::count_if(phases_.begin(), phases_.end(), [](const Phase& p) { return p.barrier; });
}

bool Program::takes_long() const { return work_seconds_ >= kInterruptibleSeconds; }

void set_serial_seconds(double seconds) { serial_seconds = seconds < 0 ? kSerialSeconds : seconds; }

int Program::team_size(int threads) const {
  check(threads <= kMaxThreads, "program: at most ", kMaxThreads, " threads, got ", threads);
  if (work_seconds_ < serial_seconds.load()) return 1;
  return threads > 0 ? threads : thread_choice().threads;
}

double Program::shared_seconds() const {
  // Tests that share the least work want it shared always.
  return serial_seconds.load() > 0 ? work_seconds_ : std::numeric_limits<double>::infinity();
}

// Holds the locks of a Program's variables for a run.
class Program::VariableLocks {
 public:
  explicit VariableLocks(const Program& program) : program_(program) {
    for (const size_t v : program_.lock_order_) {
      ReadWriteLock& lock = program_.variables_[v]->lock();
      program_.written_[v] ? lock.lock_write() : lock.lock_read();
    }
  }
  ~VariableLocks() {
    for (const size_t v : program_.lock_order_) {
      if (program_.written_[v]) program_.variables_[v]->raise_version();
      program_.variables_[v]->lock().unlock();
    }
  }
  VariableLocks(const VariableLocks&) = delete;
  VariableLocks& operator=(const VariableLocks&) = delete;

 private:
  const Program& program_;
};

bool Program::run(const std::vector<const void*>& inputs, const std::vector<void*>& outputs,
                  int threads, Recording* recording, const Interrupted& interrupted) const {
  check(inputs.size() == inputs_.size() && outputs.size() == outputs_.size(), "program: takes ",
        inputs_.size(), " inputs and ", outputs_.size(), " outputs, got ", inputs.size(), " and ",
        outputs.size());
  const PooledContext pooled(*this);
  Context& context = *pooled;
  threads = team_size(threads);
  if (recording != nullptr) recording->start(threads, phases_.size() + derived_.size());
  context.recording = recording;
  context.interrupted = &interrupted;
  const VariableLocks locks(*this);
  for (size_t d = 0; d < derived_.size(); ++d) {
    const int64_t begin = recording != nullptr ? recording->now() : 0;
    if (derived_[d]->refresh(threads) && recording != nullptr)
      recording->add({0, first_reader(d), kPackPhase, begin, recording->now(), 1});
  }
  execute(context, inputs, outputs, threads);
  if (recording != nullptr) recording->finish();
  return !context.abandoned();
}

// The instruction that a derived value is made for, in reports.
int64_t Program::first_reader(size_t derived) const {
  const auto index = static_cast<int64_t>(derived);
  for (size_t s = 0; s < instructions_.size(); ++s) {
    if (instructions_[s].packed == index) return static_cast<int64_t>(s);
    for (const int64_t id : instructions_[s].inputs) {
      const Value& value = values_[static_cast<size_t>(id)];
      if (value.storage == Storage::derived && value.index == index) return static_cast<int64_t>(s);
    }
  }
  return 0;
}

void Program::run_once(void* output, int threads) const {
  Context context(*this);
  const Interrupted nobody;
  context.interrupted = &nobody;
  execute(context, {}, {output}, team_size(threads));
}

}  // namespace fastcnn
