#pragma once
#include <cstddef>
#include <cstdint>

namespace fastcnn {

// Every buffer starts on a cache line, which is also the widest vector.
constexpr int64_t kAlignment = 64;

constexpr int64_t align_up(int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Uninitialised aligned memory, freed with the object. Large blocks ask for huge pages.
class Memory {
 public:
  Memory() = default;
  // Throws std::bad_alloc (MemoryError in Python) when the system has not got `bytes`.
  explicit Memory(int64_t bytes);
  ~Memory();
  Memory(Memory&& other) noexcept;
  Memory& operator=(Memory&& other) noexcept;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::byte* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace fastcnn
