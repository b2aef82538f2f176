#pragma once
#include <pthread.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/dtype.h"
#include "base/memory.h"
#include "base/shape.h"

namespace fastcnn {

// Many readers or one writer; a waiting writer goes first, so that endless prediction cannot
// starve training.
class ReadWriteLock {
 public:
  ReadWriteLock();
  ~ReadWriteLock() { pthread_rwlock_destroy(&lock_); }
  ReadWriteLock(const ReadWriteLock&) = delete;
  ReadWriteLock& operator=(const ReadWriteLock&) = delete;
  void lock_read() { pthread_rwlock_rdlock(&lock_); }
  void lock_write() { pthread_rwlock_wrlock(&lock_); }
  void unlock() { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

class DerivedValue;

// A mutable array that owns its storage. Whoever reads or writes `data` holds `lock`;
// every write raises the version.
class Variable {
 public:
  Variable(DType dtype, const Shape& shape);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t bytes() const { return shape_.elements() * size_of(dtype_); }
  std::byte* data() const { return memory_.data(); }
  // Creation order; locks are taken in this order.
  uint64_t id() const { return id_; }
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void raise_version() { version_.fetch_add(1, std::memory_order_acq_rel); }
  ReadWriteLock& lock() { return lock_; }
  // What is derived from this Variable under this key, made where nobody has it any more.
  std::shared_ptr<DerivedValue> derived(const std::string& key,
                                        const std::function<std::shared_ptr<DerivedValue>()>& make);

 private:
  DType dtype_;
  Shape shape_;
  Memory memory_;
  uint64_t id_;
  std::atomic<uint64_t> version_{1};
  ReadWriteLock lock_;
  std::mutex derived_mutex_;
  std::map<std::string, std::weak_ptr<DerivedValue>> derived_;
};

}  // namespace fastcnn
