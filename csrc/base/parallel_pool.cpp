// Teams of threads of our own: see parallel_openmp.cpp for others.
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "base/flush_denormals.h"
#include "base/parallel.h"

namespace fastcnn {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

// A worker looks for its next call this long before it sleeps; while calls follow each other
// closely longer, so that it is awake for the next.
constexpr microseconds kIdle{120};
constexpr microseconds kPatient{400};

// A call with more work than this wakes a sleeping worker in any case.
constexpr double kWorthWaking = 75e-6;
// Calls no further apart than this, and so many of them in a row, make a woken worker stay awake.
constexpr microseconds kClose{300};
constexpr int kCloseCalls = 2;
// After a worker was found on the caller's core, so many close calls pass before little work wakes
// it again.
constexpr int kCrowdedCalls = 16;

// Workers that wait for the calls of one caller at a time.
class Team {
 public:
  int workers() const { return workers_; }

  void run(int threads, double seconds, const std::function<void(int)>& body) {
    if (crowded_.exchange(false))
      close_calls_ = -kCrowdedCalls;
    else
      close_calls_ = Clock::now() - ended_ < kClose ? close_calls_ + 1 : std::min(close_calls_, 0);
    const bool close = close_calls_ >= kCloseCalls;
    patient_ = close;
    share(threads, seconds >= kWorthWaking || close, body);
    ended_ = Clock::now();
  }

 private:
  void share(int threads, bool wake, const std::function<void(int)>& body) {
    if (wake) hire(threads - 1);
    if (!wake && sleepers_.load() >= workers_) return body(0);
    body_ = &body;
    wanted_ = threads;
    caller_cpu_ = sched_getcpu();
    epoch_.fetch_add(1);  // odd: open
    if (wake && sleepers_.load() > 0) {
      {
        const std::lock_guard<std::mutex> guard(sleep_);
      }
      wake_.notify_all();
    }
    body(0);
    epoch_.fetch_add(1);  // even: whoever is not inside stays out
    wait_until([this] { return inside_.load() == 0; });
  }

  void hire(int count) {
    if (static_cast<int>(workers_) >= count) return;
    // Signals are the business of the threads that Python knows.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (; workers_ < count; ++workers_) std::thread(&Team::work, this, workers_ + 1).detach();
    } catch (...) {
      // The system has no more threads or memory: the work gets done by the threads there are.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void work(int thread) {
    const FlushDenormals mode;
    uint64_t seen = 0;
    for (;;) {
      const uint64_t now = next_call(thread, seen);
      // Counted first, then looked again: the caller either sees us or has closed the call.
      inside_.fetch_add(1);
      if (epoch_.load() == now && thread < wanted_.load()) (*body_)(thread);
      inside_.fetch_sub(1);
      seen = now;
    }
  }

  // Waits for an open call, other than the one that has been seen, that wants this worker.
  uint64_t next_call(int thread, uint64_t seen) {
    const auto open = [&](uint64_t epoch) {
      return epoch % 2 == 1 && epoch != seen && thread < wanted_.load();
    };
    const Clock::time_point began = Clock::now();
    for (int spin = 0;; ++spin) {
      if (const uint64_t epoch = epoch_.load(); open(epoch)) return epoch;
      detail::pause();
      if (spin % detail::kPausesBetweenLooks != 0) continue;
      // The system may wake a worker on the core of the caller, who would now wait for our spins.
      if (sched_getcpu() == caller_cpu_.load()) {
        crowded_ = true;
        break;
      }
      if (Clock::now() - began > (patient_.load(std::memory_order_relaxed) ? kPatient : kIdle))
        break;
    }
    std::unique_lock<std::mutex> guard(sleep_);
    sleepers_.fetch_add(1);
    uint64_t epoch = 0;
    wake_.wait(guard, [&] { return open(epoch = epoch_.load()); });
    sleepers_.fetch_sub(1);
    return epoch;
  }

  int workers_ = 0;
  int close_calls_ = 0;  // negative: so many more until the next
  std::atomic<bool> patient_{false};
  std::atomic<int> caller_cpu_{-1};  // also -1 where the system does not tell
  std::atomic<bool> crowded_{false};
  Clock::time_point ended_;
  const std::function<void(int)>* body_ = nullptr;
  std::atomic<int> wanted_{0};
  std::atomic<uint64_t> epoch_{0};
  std::atomic<int> inside_{0};
  std::atomic<int> sleepers_{0};
  std::mutex sleep_;
  std::condition_variable wake_;
};

// The teams of the process. Calls at the same time share the cores: each has a team of its own, as
// large as it wants and as others have left cores for. Whom they leave none runs alone.
class Teams {
 public:
  void run(int threads, double seconds, const std::function<void(int)>& body) {
    const Lease lease(*this, threads);
    lease.team == nullptr ? body(0) : lease.team->run(lease.threads, seconds, body);
  }

 private:
  struct Lease {
    Lease(Teams& owner, int wanted) : teams(owner) { teams.take(wanted, *this); }
    ~Lease() { teams.give_back(*this); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    Teams& teams;
    Team* team = nullptr;
    int threads = 1;
  };

  void take(int wanted, Lease& lease) {
    const std::lock_guard<std::mutex> guard(mutex_);
    // Alone on the machine, a call gets what it asks for, be it more than there are cores.
    lease.threads = running_ == 0 ? wanted : std::clamp(cores() - running_, 1, wanted);
    running_ += lease.threads;
    if (lease.threads == 1) return;
    if (idle_.empty()) {
      lease.team = new (std::nothrow) Team;
      return;
    }
    // The one that was used last, whose workers may be awake, if it has enough of them.
    auto best = idle_.end() - 1;
    for (auto each = idle_.begin(); each != idle_.end(); ++each)
      if (best[0]->workers() < lease.threads - 1 && each[0]->workers() > best[0]->workers())
        best = each;
    lease.team = *best;
    idle_.erase(best);
  }

  void give_back(const Lease& lease) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    running_ -= lease.threads;
    if (lease.team == nullptr) return;
    try {
      idle_.push_back(lease.team);
    } catch (const std::bad_alloc&) {
      // Its workers sleep for ever; the next call makes another.
    }
  }

  static int cores() {
    static const int count = available_cpus();
    return count;
  }

  std::mutex mutex_;
  std::vector<Team*> idle_;  // by time; never destroyed, as their workers use them
  int running_ = 0;          // threads of all calls that share their work
};

// Never destroyed: workers use it until the process ends.
std::atomic<Teams*> teams{new Teams};
// A child has none of its parent's workers, and perhaps a lock that nobody will open.
[[maybe_unused]] const int fork_watch = pthread_atfork(nullptr, nullptr, [] { teams = new Teams; });

}  // namespace

const char* threads_from() { return "own pool"; }

void parallel_team(int threads, double seconds, const std::function<void(int)>& body) {
  const FlushDenormals mode;
  if (threads <= 1) return body(0);
  teams.load()->run(threads, seconds, body);
}

}  // namespace fastcnn
