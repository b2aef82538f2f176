#pragma once

namespace fastcnn {

// A fork copies locks and half-written memory of calls that other threads are inside of, and a
// child has no thread to finish them. So it waits until no call runs, and meanwhile keeps new ones
// out: then every lock of the core is open in the child, and every Variable whole.
//
// A call enters before it takes the first lock and leaves after the last. It costs two atomic
// additions.
void enter_call() noexcept;
void leave_call() noexcept;

// For the thread that is about to fork, which is in no call: waits for a fork under way elsewhere,
// then for the calls that run. Must not hold what those need, such as the GIL. The child's gate is
// open from the start.
void close_for_fork() noexcept;
void open_after_fork() noexcept;

}  // namespace fastcnn
