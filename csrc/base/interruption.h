#pragma once
#include <algorithm>
#include <chrono>
#include <functional>

namespace fastcnn {

// Whether what runs should stop, such as by Ctrl-C. May take the GIL, so it is asked seldom.
using Interrupted = std::function<bool()>;

// Asks about ten times a second; looks at the clock seldom where it is called often.
class InterruptWatch {
 public:
  // Never asks where `interrupted` is empty.
  explicit InterruptWatch(const Interrupted& interrupted)
      : interrupted_(interrupted), stride_(1), left_(1) {
    if (interrupted_) asked_ = looked_ = Clock::now();
  }

  bool stop() { return interrupted_ && --left_ <= 0 && look(); }

 private:
  using Clock = std::chrono::steady_clock;

  bool look() {
    const auto now = Clock::now();
    stride_ = now - looked_ < std::chrono::milliseconds(1) ? std::min(2 * stride_, 1 << 10) : 1;
    left_ = stride_;
    looked_ = now;
    if (now - asked_ < std::chrono::milliseconds(100)) return false;
    asked_ = now;
    return interrupted_();
  }

  const Interrupted& interrupted_;
  int stride_;  // calls between looks at the clock
  int left_;
  Clock::time_point looked_;
  Clock::time_point asked_;
};

}  // namespace fastcnn
