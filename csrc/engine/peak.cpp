#include "engine/peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>

#include "base/check.h"
#include "base/parallel.h"
#include "kernels/table.h"

namespace fastcnn {

double measure_peak(int threads, double seconds) {
  check(threads >= 1 && threads <= kMaxThreads && seconds > 0 && seconds <= 60,
        "measure_peak: threads must be 1 to 256 and seconds 0 to 60, got ", threads, " and ",
        seconds);
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kRounds = 200000;
  constexpr double kFlopsPerRound = 2.0 * kFmaChains;  // a multiply-add is two
  const KernelTable& table = kernels();
  double best = 0;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto start = Clock::now();
    // Long enough that every worker has begun before the first ends.
    std::atomic<int> took_part{0};
    parallel_team(threads, [&](int) {
      float values[16] = {0.999f, 0.001f};
      ++took_part;
      table.fma_chain(kRounds, values);
    });
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(
        best, kFlopsPerRound * static_cast<double>(kRounds * table.lanes * took_part) / took / 1e9);
  } while (Clock::now() < end);
  return best;
}

}  // namespace fastcnn
