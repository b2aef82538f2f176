#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

namespace fastcnn {

// What one thread did for one phase of an instruction: `items` of it, from `begin` to `end`.
// Waiting for other phases is outside. A phase of which a thread got no item has no event of that
// thread.
struct Event {
  int64_t thread;
  int64_t instruction;
  int64_t phase;       // kPackPhase where the input was packed
  int64_t begin, end;  // nanoseconds since the run began
  int64_t items;
};

constexpr int kPackPhase = -1;

// The events of one run, and how long it took from end to end, locks and packed forms included.
class Recording {
 public:
  void start(int threads, size_t phases) {
    began_ = Clock::now();
    threads_.assign(static_cast<size_t>(threads), {});
    // Threads add to lists of their own, which do not grow while they are measured: each phase and
    // each packed form, at most once.
    for (std::vector<Event>& own : threads_) own.reserve(2 * phases);
  }
  void finish() { nanoseconds_ = now(); }

  int64_t now() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began_).count();
  }
  // Called on the thread `event.thread` alone.
  void add(const Event& event) noexcept {
    threads_[static_cast<size_t>(event.thread)].push_back(event);
  }

  int64_t nanoseconds() const { return nanoseconds_; }
  // By thread; those of a thread follow each other in time.
  const std::vector<std::vector<Event>>& threads() const { return threads_; }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point began_;
  int64_t nanoseconds_ = 0;
  std::vector<std::vector<Event>> threads_;
};

}  // namespace fastcnn
