// What a thread does that waits for another one.
#include <sched.h>

#include "base/parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fastcnn {
namespace {

using Clock = std::chrono::steady_clock;

// Longer waits mean that the other thread lost its core.
constexpr std::chrono::microseconds kSpinning{50};

}  // namespace

void detail::pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void detail::Patience::relax() noexcept {
  if (long_) {
    sched_yield();
    return;
  }
  pause();
  if (looks_++ % kPausesBetweenLooks != 0) return;
  const Clock::time_point now = Clock::now();
  if (looks_ == 1)
    began_ = now;
  else
    long_ = now - began_ > kSpinning;
}

}  // namespace fastcnn
