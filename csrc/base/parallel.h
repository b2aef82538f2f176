#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace fastcnn {

// How many threads a Program may use, and where the number came from.
struct ThreadChoice {
  int threads;
  std::string source;  // e.g. "affinity mask", "cgroup quota", "FASTCNN_NUM_THREADS"
};

ThreadChoice thread_choice();
// n >= 1 sets the number; 0 returns to the default. Throws std::invalid_argument otherwise.
void set_num_threads(int64_t n);

// Runs body(thread, team) on a team of at most `threads` threads, the caller among them, and
// returns when all have finished. The only place that knows OpenMP. Denormals are flushed to
// zero inside; each thread's mode is restored. In a forked child the team is the caller alone,
// because the OpenMP runtime does not survive a fork.
void parallel_team(int threads, const std::function<void(int thread, int team)>& body);

// A barrier inside a team: spins for a bounded time, then gives the core away between looks.
class Barrier {
 public:
  void wait(int team) noexcept;

 private:
  std::atomic<int> arrived_{0};
  std::atomic<uint32_t> generation_{0};
};

}  // namespace fastcnn
