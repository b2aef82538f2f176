#include "bindings/released_gil.h"

#include <unistd.h>

namespace fastcnn {

ReleasedGil::ReleasedGil() : thread_(PyEval_SaveThread()) {}

ReleasedGil::~ReleasedGil() {
  try {
    PyEval_RestoreThread(thread_);
  } catch (...) {  // pthread_exit: nothing in Python throws
    for (;;) pause();
  }
}

}  // namespace fastcnn
