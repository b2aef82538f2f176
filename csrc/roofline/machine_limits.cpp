#include "roofline/machine_limits.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <limits>
#include <vector>

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/dispatch/table.h"
#include "kernels/roofline/table.h"

namespace fastcnn {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kSharedAlways = std::numeric_limits<double>::infinity();
using Seconds = std::chrono::duration<double>;

void check_effort(const char* what, int threads, double seconds) {
  check(threads >= 1 && threads <= kMaxThreads && seconds > 0 && seconds <= 60, what,
        ": threads must be 1 to ", kMaxThreads, " and seconds 0 to 60, got ", threads, " and ",
        seconds);
}

// Repeats body(thread) on `threads` threads, which returns how much it has done, and finds the most
// billions that they did in a second together. False when interrupted.
template <class Body>
bool best_rate(int threads, double seconds, double& rate, const Interrupted& interrupted,
               const Body& body) {
  struct Part {
    Clock::time_point begin, end;
    double done;
  };
  double best = 0;
  InterruptWatch watch(interrupted);
  const auto stop = Clock::now() + Seconds(seconds);
  do {
    if (watch.stop()) return false;
    std::atomic<int> arrived{0};
    std::vector<Part> parts(static_cast<size_t>(threads), Part{{}, {}, 0});
    const auto opened = Clock::now();
    parallel_team(threads, kSharedAlways, [&](int thread) {
      ++arrived;
      // All at once, or the rate would be that of fewer; but nobody waits for a thread that the
      // system does not let run.
      constexpr Seconds kPatience{500e-6};
      wait_until([&] { return arrived == threads || Clock::now() - opened > kPatience; });
      Part& part = parts[static_cast<size_t>(thread)];
      part.begin = Clock::now();
      part.done = body(thread);
      part.end = Clock::now();
    });
    double done = 0;
    Clock::time_point begin = parts[0].begin;
    Clock::time_point end = parts[0].end;
    for (const Part& part : parts) {
      if (part.done == 0) continue;
      done += part.done;
      begin = std::min(begin, part.begin);
      end = std::max(end, part.end);
    }
    best = std::max(best, done / Seconds(end - begin).count());
  } while (Clock::now() < stop);
  rate = 1e-9 * best;
  return true;
}

struct Chain {
  void (*run)(int64_t rounds, float* result) noexcept;
  int64_t per_lane;  // operations a lane and multiply-add
};

Chain chain_for(const std::string& dtype) {
  if (dtype == "float32") return {roofline_kernels().fma_chain, 2};
  check(dtype == "bfloat16" || dtype == "int8",
        "measure_peak: dtype must be float32, bfloat16 or int8, got '", dtype, "'");
  const RooflineDotKernels* dot = roofline_dot_kernels();
  check(dot != nullptr, "measure_peak: instruction set ", kernels().isa, " has no dot products of ",
        dtype, "; they need AVX-512 with VNNI and BF16 (isa avx512_bf16)");
  if (dtype == "bfloat16") return {dot->dot_halves_chain, 4};
  return {dot->dot_bytes_chain, 8};
}

BandwidthPass pass_for(const std::string& kind) {
  constexpr std::array<const char*, 5> kNames{"read", "copy", "stream_copy", "write",
                                              "stream_write"};
  const auto at = std::find(kNames.begin(), kNames.end(), kind);
  check(at != kNames.end(),
        "measure_bandwidth: kind must be read, copy, stream_copy, write or stream_write, got '",
        kind, "'");
  return static_cast<BandwidthPass>(at - kNames.begin());
}

}  // namespace

bool measure_peak(int threads, double seconds, const std::string& dtype, double& rate,
                  const Interrupted& interrupted) {
  check_effort("measure_peak", threads, seconds);
  const Chain chain = chain_for(dtype);
  constexpr int64_t kRounds = 200000;
  const auto operations =
      static_cast<double>(kRounds * kFmaChains * chain.per_lane * kernels().lanes);
  return best_rate(threads, seconds, rate, interrupted, [&](int) {
    float values[16] = {0.999f, 0.001f};
    chain.run(kRounds, values);
    return operations;
  });
}

bool measure_bandwidth(const std::string& kind, int64_t bytes, int threads, double seconds,
                       double& rate, const Interrupted& interrupted) {
  const BandwidthPass pass_kind = pass_for(kind);
  check_effort("measure_bandwidth", threads, seconds);
  constexpr int64_t kBlockBytes = kBandwidthBlock * static_cast<int64_t>(sizeof(float));
  constexpr int64_t kMaxBytes = int64_t{1} << 40;
  check(bytes >= 2 * kBlockBytes * threads && bytes <= kMaxBytes,
        "measure_bandwidth: bytes must be ", 2 * kBlockBytes, " a thread to ", kMaxBytes, ", got ",
        bytes, " for ", threads, " threads");
  const bool halves =
      pass_kind == BandwidthPass::copy || pass_kind == BandwidthPass::non_temporal_copy;
  const int64_t blocks = bytes / threads / kBlockBytes / (halves ? 2 : 1);
  const int64_t part = blocks * kBlockBytes * (halves ? 2 : 1);
  // Long enough for the clock, short enough to find a moment in which nobody disturbs.
  constexpr int64_t kBytesAtOnce = int64_t{1} << 26;
  const int64_t passes = std::max<int64_t>(1, kBytesAtOnce / part);

  const Memory memory(part * threads);
  const auto bandwidth_pass = roofline_kernels().bandwidth_pass;
  std::vector<Memory> sinks;
  for (int thread = 0; thread < threads; ++thread) sinks.emplace_back(kAlignment);
  // By its own thread first, so that on large machines it lies near that one's core.
  const auto pass = [&](int thread, int64_t times) {
    auto* const x = reinterpret_cast<float*>(memory.data() + thread * part);
    const int64_t n = blocks * kBandwidthBlock;
    float* const sink = reinterpret_cast<float*>(sinks[static_cast<size_t>(thread)].data());
    float* const y = pass_kind == BandwidthPass::read ? sink : halves ? x + n : x;
    for (int64_t i = 0; i < times; ++i) bandwidth_pass(pass_kind, n, x, y);
  };
  parallel_team(threads, kSharedAlways, [&](int thread) {
    // Not zeros, which some memory systems move faster than anything else.
    std::memset(memory.data() + thread * part, 0x3f, static_cast<size_t>(part));
  });
  return best_rate(threads, seconds, rate, interrupted, [&](int thread) {
    pass(thread, passes);
    return static_cast<double>(part * passes);
  });
}

}  // namespace fastcnn
