#include "base/parallel.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>
#include <utility>

#include "base/check.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fastcnn {
namespace {

constexpr int kMaxThreads = 256;

int affinity_threads() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0)
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return std::max(1, CPU_COUNT(&mask));
}

// CPUs that the control group grants, rounded up; 0 where there is no quota.
int cgroup_threads() {
  std::string quota;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period) {
    if (quota == "max" || period <= 0) return 0;
    return std::max(1, static_cast<int>(std::ceil(std::atof(quota.c_str()) / period)));
  }
  double micros = 0;
  std::ifstream v1("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (v1 >> micros && v1_period >> period && micros > 0 && period > 0)
    return std::max(1, static_cast<int>(std::ceil(micros / period)));
  return 0;
}

// Physical cores, from the sibling lists; 0 where the system does not tell. Two hyperthreads
// share one set of vector units, so a second thread on a core only costs cache.
int physical_cores() {
  std::set<std::string> cores;
  for (int cpu = 0; cpu < kMaxThreads; ++cpu) {
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                       "/topology/thread_siblings_list");
    std::string siblings;
    if (!(file >> siblings)) break;
    cores.insert(siblings);
  }
  return static_cast<int>(cores.size());
}

ThreadChoice default_threads() {
  if (const char* text = std::getenv("FASTCNN_NUM_THREADS"); text != nullptr && *text != '\0') {
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    check(*end == '\0' && n >= 1 && n <= kMaxThreads, "FASTCNN_NUM_THREADS must be 1 to ",
          kMaxThreads, ", got '", text, "'");
    return {static_cast<int>(n), "FASTCNN_NUM_THREADS"};
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
std::atomic<bool> forked{false};
// Registered when the library is loaded: another library may have started OpenMP before us.
[[maybe_unused]] const int fork_watch =
    pthread_atfork(nullptr, nullptr, [] { forked = true; });

// Sets flush-to-zero and denormals-are-zero for a scope.
class FlushDenormals {
 public:
#if defined(__x86_64__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#endif
};

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

ThreadChoice thread_choice() {
  if (const int n = forced_threads.load(); n > 0) return {n, "set_num_threads"};
  static const ThreadChoice choice = default_threads();
  return choice;
}

void set_num_threads(int64_t n) {
  check(n >= 0 && n <= kMaxThreads, "the number of threads must be 1 to ", kMaxThreads,
        " (0 for the default), got ", n);
  forced_threads = static_cast<int>(n);
}

void parallel_team(int threads, const std::function<void(int, int)>& body) {
  if (threads <= 1 || forked) {
    const FlushDenormals mode;
    return body(0, 1);
  }
#pragma omp parallel num_threads(threads)
  {
    const FlushDenormals mode;
    body(omp_get_thread_num(), omp_get_num_threads());
  }
}

void Barrier::wait(int team) noexcept {
  if (team == 1) return;
  const uint32_t now = generation_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == team - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(now + 1, std::memory_order_release);
    return;
  }
  // About 50 microseconds of spinning; longer waits mean that the other thread lost its core.
  for (int spins = 0; generation_.load(std::memory_order_acquire) == now; ++spins) {
    if (spins < 2000)
      pause();
    else
      sched_yield();
  }
}

}  // namespace fastcnn
