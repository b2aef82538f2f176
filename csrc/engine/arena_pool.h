#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/memory.h"

namespace fastcnn {

// Memory of one run, borrowed from what all Programs of the process share and given back at the end
// of the scope. Uninitialised.
class ArenaLease {
 public:
  // Throws std::bad_alloc when the system has not got `bytes`.
  explicit ArenaLease(int64_t bytes);
  ~ArenaLease();
  ArenaLease(const ArenaLease&) = delete;
  ArenaLease& operator=(const ArenaLease&) = delete;

  std::byte* data() const { return memory_.data(); }

 private:
  Memory memory_;
};

// Bytes of arenas that runs hold now, and of those that wait for the next run.
struct ArenaUse {
  int64_t leased;
  int64_t idle;
};
ArenaUse arena_use();

// Gives idle arenas back to the system. Those that no run has wanted for ten seconds go by
// themselves, when another run ends.
void trim_arenas();

}  // namespace fastcnn
