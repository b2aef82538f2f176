#include "bindings/released_gil.h"

#include <unistd.h>

#include "base/fork_gate.h"

namespace fastcnn {

ReleasedGil::ReleasedGil() : thread_(PyEval_SaveThread()) {}

ReleasedGil::~ReleasedGil() {
  try {
    PyEval_RestoreThread(thread_);
  } catch (...) {  // pthread_exit: nothing in Python throws
    for (;;) pause();
  }
}

CallWithoutGil::CallWithoutGil() { enter_call(); }

CallWithoutGil::~CallWithoutGil() { leave_call(); }

}  // namespace fastcnn
