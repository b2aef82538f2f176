#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "engine/program.h"
#include "engine/recording.h"

namespace fastcnn {

struct Program::Phase {
  size_t instruction;
  int number;
  int64_t items;
  bool barrier;  // wait for everything before
};

// What has become of a run: it may be abandoned until it is bound to finish.
enum class Program::Fate { open, bound, abandoned };

// What one run needs of its own beside its arena; kept for the next run.
struct Program::Context {
  explicit Context(const Program& program);

  std::byte* arena = nullptr;           // of this run
  std::byte* thread_scratch = nullptr;  // of this run, for each thread
  int team_limit = 0;
  std::vector<void*> base;      // by value
  std::vector<const void*> in;  // operands of all instructions, end to end
  std::vector<void*> out;
  std::vector<Buffers> buffers;            // by instruction
  std::vector<std::atomic<int64_t>> next;  // first item not yet taken, [share][phase]
  std::vector<std::atomic<int64_t>> done;  // items that have ended, by phase
  int team = 1;                            // shares that the items are dealt out in
  Recording* recording = nullptr;
  const Interrupted* interrupted = nullptr;
  std::atomic<Fate> fate{Fate::open};

  bool abandoned() const { return fate.load(std::memory_order_acquire) == Fate::abandoned; }
  // Whether the run's fate is this one now; the first to decide wins.
  bool decide(Fate wanted) {
    Fate found = Fate::open;
    return fate.compare_exchange_strong(found, wanted) || found == wanted;
  }
};

// A context taken from the pool, given back at the end of the scope.
class Program::PooledContext {
 public:
  explicit PooledContext(const Program& program);
  ~PooledContext();
  PooledContext(const PooledContext&) = delete;
  PooledContext& operator=(const PooledContext&) = delete;
  Context& operator*() const { return *context_; }

 private:
  const Program& program_;
  std::unique_ptr<Context> context_;
};

}  // namespace fastcnn
