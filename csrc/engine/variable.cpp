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

std::shared_ptr<PackedForm> Variable::packed_form(const std::string& key, int64_t bytes) {
  const std::lock_guard<std::mutex> guard(forms_mutex_);
  std::weak_ptr<PackedForm>& slot = forms_[key];
  std::shared_ptr<PackedForm> form = slot.lock();
  if (form == nullptr) {
    form = std::make_shared<PackedForm>();
    form->memory = Memory(bytes);
    slot = form;
  }
  check(form->memory.bytes() == bytes, "packed form '", key, "' has ", form->memory.bytes(),
        " bytes, expected ", bytes);
  return form;
}

}  // namespace fastcnn
