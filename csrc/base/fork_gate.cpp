#include "base/fork_gate.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace fastcnn {
namespace {

std::atomic<int> calls_inside{0};
std::atomic<bool> closed{false};
[[maybe_unused]] const int fork_watch = pthread_atfork(nullptr, nullptr, [] {
  calls_inside = 0;
  closed = false;
});

// Forks are rare and calls may take seconds: no spinning.
void sleep_shortly() noexcept { std::this_thread::sleep_for(std::chrono::microseconds(50)); }

}  // namespace

// Counted first, then looked again: either the call sees that the gate is closed, or who has closed
// it sees the call.
void enter_call() noexcept {
  calls_inside.fetch_add(1);
  while (closed.load()) {
    calls_inside.fetch_sub(1);
    while (closed.load()) sleep_shortly();
    calls_inside.fetch_add(1);
  }
}

void leave_call() noexcept { calls_inside.fetch_sub(1); }

void close_for_fork() noexcept {
  while (closed.exchange(true)) sleep_shortly();
  while (calls_inside.load() > 0) sleep_shortly();
}

void open_after_fork() noexcept { closed = false; }

}  // namespace fastcnn
