#include "engine/arena_pool.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <new>
#include <vector>

namespace fastcnn {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kIdle{10};
// Sizes are multiples of this, so that slightly different runs take turns in one arena.
constexpr int64_t kGranule = int64_t{64} << 10;
// A small run leaves arenas of more than so many times its size to the runs that need them.
constexpr int64_t kMostWaste = 16;

// Idle arenas, the one that was used last at the end: it is still in the caches.
class ArenaPool {
 public:
  Memory take(int64_t bytes) {
    const int64_t size = (bytes + kGranule - 1) / kGranule * kGranule;
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      leased_ += size;
      auto best = idle_.end();
      for (auto each = idle_.begin(); each != idle_.end(); ++each) {
        const int64_t has = each->memory.bytes();
        if (has < size || has > kMostWaste * size) continue;
        if (best == idle_.end() || has <= best->memory.bytes()) best = each;
      }
      if (best != idle_.end()) {
        Memory found = std::move(best->memory);
        idle_.erase(best);
        leased_ += found.bytes() - size;
        idle_bytes_ -= found.bytes();
        return found;
      }
    }
    try {
      return Memory(size);
    } catch (const std::bad_alloc&) {
      // What waits for others may be enough.
      trim();
    }
    try {
      return Memory(size);
    } catch (const std::bad_alloc&) {
      const std::lock_guard<std::mutex> guard(mutex_);
      leased_ -= size;
      throw;
    }
  }

  void give_back(Memory memory) noexcept {
    std::vector<Idle> old;  // freed after the lock is open
    const std::lock_guard<std::mutex> guard(mutex_);
    const Clock::time_point now = Clock::now();
    leased_ -= memory.bytes();
    try {
      const int64_t bytes = memory.bytes();
      idle_.push_back({std::move(memory), now});
      idle_bytes_ += bytes;
      const auto fresh = std::find_if(idle_.begin(), idle_.end(),
                                      [&](const Idle& each) { return now - each.since < kIdle; });
      if (fresh == idle_.begin()) return;
      for (auto each = idle_.begin(); each != fresh; ++each) {
        idle_bytes_ -= each->memory.bytes();
        old.push_back(std::move(*each));
      }
      idle_.erase(idle_.begin(), fresh);
    } catch (const std::bad_alloc&) {
      // No room for a note of it: it has been freed, or stays noted until the next time.
    }
  }

  void trim() {
    std::vector<Idle> all;
    const std::lock_guard<std::mutex> guard(mutex_);
    all.swap(idle_);
    idle_bytes_ = 0;
  }

  ArenaUse use() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return {leased_, idle_bytes_};
  }

 private:
  struct Idle {
    Memory memory;
    Clock::time_point since;
  };

  std::mutex mutex_;
  std::vector<Idle> idle_;  // by time
  int64_t leased_ = 0;
  int64_t idle_bytes_ = 0;
};

// Never destroyed: threads may run Programs while the process exits.
ArenaPool& arenas() {
  static ArenaPool& pool = *new ArenaPool;
  return pool;
}

}  // namespace

ArenaLease::ArenaLease(int64_t bytes) {
  if (bytes > 0) memory_ = arenas().take(bytes);
}

ArenaLease::~ArenaLease() {
  if (memory_.bytes() > 0) arenas().give_back(std::move(memory_));
}

ArenaUse arena_use() { return arenas().use(); }
void trim_arenas() { arenas().trim(); }

}  // namespace fastcnn
