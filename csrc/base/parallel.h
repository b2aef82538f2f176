#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace fastcnn {

// No call uses more threads.
constexpr int kMaxThreads = 256;

// How many threads a Program may use, and where the number came from.
struct ThreadChoice {
  int threads;
  std::string source;  // e.g. "affinity mask", "cgroup quota", "FASTCNN_NUM_THREADS"
};

ThreadChoice thread_choice();
// CPUs that this process may run on.
int available_cpus();
// Whose threads they are: "own pool" or "OpenMP", as the build was configured.
const char* threads_from();
// n >= 1 sets the number; 0 returns to the default. Throws std::invalid_argument otherwise.
void set_num_threads(int64_t n);

// Runs body(thread) on the caller as thread 0 and on up to threads - 1 workers, and returns when
// all that began have ended. Calls at the same time have workers of their own as long as there are
// cores for them. A worker that is late, because its core is busy, or that other calls left no core
// for, may not begin at all: `body` must get everything done on the caller alone, and must not
// throw. So a busy machine costs speed, but no call waits for a worker that has not begun.
//
// `seconds` is how long the caller alone would take, roughly. Waking a sleeping worker costs the
// caller some 20 microseconds, so little work is shared only with workers that are awake, unless
// calls follow each other so closely that a woken one will be there for the next.
//
// Denormals are flushed to zero inside; the caller's mode is restored. A forked child gets workers
// of its own at its first call (not with OpenMP).
void parallel_team(int threads, double seconds, const std::function<void(int thread)>& body);

// Waits until ready() holds: spins for a bounded time, then gives the core away between looks.
template <class Ready>
void wait_until(const Ready& ready) noexcept;

namespace detail {
// Tells the core that its thread waits: 10 to 50 nanoseconds, by the machine.
void pause() noexcept;
// After so many of them whoever waits looks at the clock, and an idle worker whether it runs on the
// caller's core.
constexpr int kPausesBetweenLooks = 64;

// One wait, from look to look.
class Patience {
 public:
  void relax() noexcept;

 private:
  int looks_ = 0;
  bool long_ = false;
  std::chrono::steady_clock::time_point began_;
};
}  // namespace detail

template <class Ready>
void wait_until(const Ready& ready) noexcept {
  for (detail::Patience patience; !ready();) patience.relax();
}

}  // namespace fastcnn
