#include "engine/variable.h"

#include <cstring>

#include "base/check.h"

namespace fastcnn {

ReadWriteLock::ReadWriteLock() {
  pthread_rwlockattr_t attributes;
  pthread_rwlockattr_init(&attributes);
#if defined(__GLIBC__)
  pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
  pthread_rwlock_init(&lock_, &attributes);
  pthread_rwlockattr_destroy(&attributes);
}

namespace {
std::atomic<uint64_t> next_id{1};
}

Variable::Variable(DType dtype, const Shape& shape)
    : dtype_(dtype), shape_(shape), memory_(bytes()), id_(next_id++) {
  if (bytes() > 0) std::memset(memory_.data(), 0, static_cast<size_t>(bytes()));
}

std::shared_ptr<DerivedValue> Variable::derived(
    const std::string& key, const std::function<std::shared_ptr<DerivedValue>()>& make) {
  const std::lock_guard<std::mutex> guard(derived_mutex_);
  if (const auto found = derived_.find(key); found != derived_.end())
    if (std::shared_ptr<DerivedValue> value = found->second.lock()) return value;
  // Programs come and go; their keys go with them.
  for (auto each = derived_.begin(); each != derived_.end();)
    each = each->second.expired() ? derived_.erase(each) : std::next(each);
  std::shared_ptr<DerivedValue> value = make();
  derived_[key] = value;
  return value;
}

}  // namespace fastcnn
