#include "base/memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <utility>

namespace fastcnn {
namespace {
constexpr int64_t kHugePage = int64_t{2} << 20;
}

Memory::Memory(int64_t bytes) : bytes_(bytes) {
  if (bytes <= 0) return;
  const bool large = bytes >= 2 * kHugePage;
  const int64_t alignment = large ? kHugePage : kAlignment;
  const int64_t rounded = (bytes + alignment - 1) / alignment * alignment;
  data_ = static_cast<std::byte*>(
      std::aligned_alloc(static_cast<size_t>(alignment), static_cast<size_t>(rounded)));
  if (data_ == nullptr) throw std::bad_alloc();
  // A refusal costs speed only, so the answer is not looked at.
  if (large) madvise(data_, static_cast<size_t>(rounded), MADV_HUGEPAGE);
}

Memory::~Memory() { std::free(data_); }

Memory::Memory(Memory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace fastcnn
