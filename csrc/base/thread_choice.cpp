// How many threads a call may use.
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "base/check.h"
#include "base/parallel.h"

namespace fastcnn {

int available_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0)
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return std::max(1, CPU_COUNT(&mask));
}

namespace {

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
  ThreadChoice best{available_cpus(), "affinity mask"};
  if (const int quota = cgroup_threads(); quota > 0 && quota < best.threads)
    best = {quota, "cgroup quota"};
  if (const int cores = physical_cores(); cores > 0 && cores < best.threads)
    best = {cores, "physical cores"};
  best.threads = std::min(best.threads, kMaxThreads);
  return best;
}

std::atomic<int> forced_threads{0};

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

}  // namespace fastcnn
