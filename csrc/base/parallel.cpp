#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include "base/check.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fastcnn {
namespace {

int affinity_threads() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0)
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return std::max(1, CPU_COUNT(&mask));
}

// CPUs that a control group of version 2 grants, rounded up; 0 where it has no quota.
int granted_by(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::max(1, static_cast<int>(std::ceil(std::atof(quota.c_str()) / period)));
}

// The least that this process' control group and those around it grant; 0 where there is no quota.
int cgroup_threads() {
  int least = 0;
  const auto note = [&](int granted) {
    if (granted > 0 && (least == 0 || granted < least)) least = granted;
  };
  const std::string root = "/sys/fs/cgroup";
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::", 0) != 0) continue;
    for (std::string path = line.substr(3); path.size() > 1; path.erase(path.rfind('/')))
      note(granted_by(root + path));
  }
  note(granted_by(root));
  double micros = 0;
  double period = 0;
  std::ifstream v1(root + "/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period(root + "/cpu/cpu.cfs_period_us");
  if (v1 >> micros && v1_period >> period && micros > 0 && period > 0)
    note(std::max(1, static_cast<int>(std::ceil(micros / period))));
  return least;
}

// Physical cores among the CPUs this process may use, from the sibling lists; 0 where the system
// does not tell. Two hyperthreads share one set of vector units, so a second thread on a core only
// costs cache.
int physical_cores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return 0;
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mask)) continue;
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                       "/topology/thread_siblings_list");
    std::string siblings;
    if (file >> siblings) cores.insert(siblings);
  }
  return static_cast<int>(cores.size());
}

// The number that a variable of the environment begins with; 0 where it says none from 1 on.
int number_in(const char* text, const char** rest) {
  char* end = nullptr;
  const long n = std::strtol(text, &end, 10);
  *rest = end;
  return end == text || n < 1 ? 0 : static_cast<int>(std::min<long>(n, kMaxThreads + 1));
}

ThreadChoice default_threads() {
  const char* rest = nullptr;
  if (const char* text = std::getenv("FASTCNN_NUM_THREADS"); text != nullptr && *text != '\0') {
    const int n = number_in(text, &rest);
    check(*rest == '\0' && n >= 1 && n <= kMaxThreads, "FASTCNN_NUM_THREADS must be 1 to ",
          kMaxThreads, ", got '", text, "'");
    return {n, "FASTCNN_NUM_THREADS"};
  }
  // Set for a whole program by job schedulers, and by joblib in its workers. It may be a list, by
  // level of nesting; what is not for us to read we leave to whom it is for.
  if (const char* text = std::getenv("OMP_NUM_THREADS"); text != nullptr) {
    const int n = number_in(text, &rest);
    if (n >= 1 && (*rest == '\0' || *rest == ','))
      return {std::min(n, kMaxThreads), "OMP_NUM_THREADS"};
  }
  ThreadChoice best{affinity_threads(), "affinity mask"};
  if (const int quota = cgroup_threads(); quota > 0 && quota < best.threads)
    best = {quota, "cgroup quota"};
  if (const int cores = physical_cores(); cores > 0 && cores < best.threads)
    best = {cores, "physical cores"};
  best.threads = std::min(best.threads, kMaxThreads);
  return best;
}

std::atomic<int> forced_threads{0};
// Sets flush-to-zero and denormals-are-zero for a scope.
class FlushDenormals {
 public:
#if defined(__x86_64__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  FlushDenormals() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
    constexpr uint64_t kFlushToZero = uint64_t{1} << 24;
    __asm__ volatile("msr fpcr, %0" : : "r"(before_ | kFlushToZero));
  }
  ~FlushDenormals() { __asm__ volatile("msr fpcr, %0" : : "r"(before_)); }

 private:
  uint64_t before_ = 0;
#else
  FlushDenormals() {}
  ~FlushDenormals() {}
#endif
};

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

// Longer waits mean that the other thread lost its core.
constexpr microseconds kSpinning{50};
// A worker looks for its next call this long before it sleeps; while calls follow each other
// closely longer, so that it is awake for the next.
constexpr microseconds kIdle{120};
constexpr microseconds kPatient{400};
// A pause takes 10 to 50 nanoseconds, by the machine. Every so many of them whoever waits looks at
// the clock, and an idle worker whether it runs on the caller's core.
constexpr int kSpinsBetweenLooks = 64;

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
      pause();
      if (spin % kSpinsBetweenLooks != 0) continue;
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
    static const int count = affinity_threads();
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

ThreadChoice thread_choice() {
  if (const int n = forced_threads.load(); n > 0) return {n, "set_num_threads"};
  // Never destroyed: other threads may ask while the process exits.
  static const ThreadChoice& choice = *new ThreadChoice(default_threads());
  return choice;
}

void set_num_threads(int64_t n) {
  check(n >= 0 && n <= kMaxThreads, "the number of threads must be 1 to ", kMaxThreads,
        " (0 for the default), got ", n);
  forced_threads = static_cast<int>(n);
}

void parallel_team(int threads, double seconds, const std::function<void(int)>& body) {
  const FlushDenormals mode;
  if (threads <= 1) return body(0);
  teams.load()->run(threads, seconds, body);
}

void detail::Patience::relax() noexcept {
  if (long_) {
    sched_yield();
    return;
  }
  pause();
  if (looks_++ % kSpinsBetweenLooks != 0) return;
  const Clock::time_point now = Clock::now();
  if (looks_ == 1)
    began_ = now;
  else
    long_ = now - began_ > kSpinning;
}

}  // namespace fastcnn
