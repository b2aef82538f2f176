#pragma once
#include <pybind11/pybind11.h>

#include "base/interruption.h"

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
  friend class CallWithoutGil;
  PyThreadState* thread_;
};

// Whether this is the thread that Ctrl-C interrupts.
bool on_main_thread();

// The same while a call of the core runs, for which forks wait (base/fork_gate.h).
class CallWithoutGil {
 public:
  CallWithoutGil();
  ~CallWithoutGil();
  // Whether Ctrl-C was pressed, for which Python then has a handler that has not run. Takes the GIL
  // for a moment.
  bool interrupted();
  CallWithoutGil(const CallWithoutGil&) = delete;
  CallWithoutGil& operator=(const CallWithoutGil&) = delete;

 private:
  ReleasedGil released_;  // first, so that the call has been left when the GIL comes back
};

// Runs call(interrupted) without the GIL, where `interrupted` is empty unless the call takes long
// and this is the main thread. The call returns whether it has finished; what was interrupted
// counts for nothing. Then Python's handler runs: what it raises, usually KeyboardInterrupt, is
// thrown. Where it raises nothing the call is made again, to its end.
template <class Call>
void call_interruptibly(bool takes_long, const Call& call) {
  for (bool may_stop = takes_long && on_main_thread();; may_stop = false) {
    bool finished = false;
    {
      CallWithoutGil others_run;
      finished = call(may_stop ? Interrupted([&] { return others_run.interrupted(); }) : nullptr);
    }
    if (finished) return;
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
  }
}

}  // namespace fastcnn
