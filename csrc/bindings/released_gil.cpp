#include "bindings/released_gil.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/fork_gate.h"

namespace fastcnn {
namespace {

void take_back(PyThreadState* thread) {
  try {
    PyEval_RestoreThread(thread);
  } catch (...) {  // pthread_exit: nothing in Python throws
    for (;;) pause();
  }
}

}  // namespace

// Not gettid(), which needs glibc 2.30.
bool on_main_thread() { return syscall(SYS_gettid) == getpid(); }

ReleasedGil::ReleasedGil() : thread_(PyEval_SaveThread()) {}

ReleasedGil::~ReleasedGil() { take_back(thread_); }

CallWithoutGil::CallWithoutGil() { enter_call(); }

CallWithoutGil::~CallWithoutGil() { leave_call(); }

// Handlers do not run here: they may call what the call around holds the locks of.
bool CallWithoutGil::interrupted() {
  take_back(released_.thread_);
  const bool pending = PyOS_InterruptOccurred() != 0;  // forgets it
  if (pending) PyErr_SetInterrupt();
  released_.thread_ = PyEval_SaveThread();
  return pending;
}

}  // namespace fastcnn
