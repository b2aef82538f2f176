#pragma once
#include <pybind11/pybind11.h>

namespace fastcnn {

// Lets other Python threads run for a scope: the only way in which the core gives the GIL away. The
// scope must not touch Python objects, and ends before any that it has used is destroyed.
//
// A thread that asks for the GIL back while the interpreter shuts down gets none. Before
// Python 3.14 it is ended by unwinding its stack, which would run destructors of Python objects
// without the GIL, and ends the process where it meets a destructor that is noexcept, as every one
// is that does not say otherwise. Such a thread waits here instead until the process has ended, as
// in Python 3.14.
class ReleasedGil {
 public:
  ReleasedGil();
  ~ReleasedGil();
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* thread_;
};

// The same while a call of the core runs, for which forks wait (base/fork_gate.h).
class CallWithoutGil {
 public:
  CallWithoutGil();
  ~CallWithoutGil();
  CallWithoutGil(const CallWithoutGil&) = delete;
  CallWithoutGil& operator=(const CallWithoutGil&) = delete;

 private:
  ReleasedGil released_;  // first, so that the call has been left when the GIL comes back
};

}  // namespace fastcnn
