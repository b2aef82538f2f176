// A run of a Program, from arrays to the last item of the last phase.
#include "base/memory.h"
#include "base/parallel.h"
#include "engine/arena_pool.h"
#include "engine/run_context.h"

namespace fastcnn {

void Program::execute(Context& context, const std::vector<const void*>& inputs,
                      const std::vector<void*>& outputs, int threads) const {
  const int64_t arena_bytes = align_up(arena_bytes_);
  const ArenaLease lease(arena_bytes);
  const ArenaLease own(thread_scratch_bytes_ * threads);
  context.arena = lease.data();
  context.thread_scratch = own.data();
  if (context.team_limit < threads) {
    context.next = std::vector<std::atomic<int64_t>>(static_cast<size_t>(threads) * phases_.size());
    context.team_limit = threads;
  }
  if (context.done.empty()) context.done = std::vector<std::atomic<int64_t>>(phases_.size());
  for (auto* counters : {&context.next, &context.done})
    for (std::atomic<int64_t>& counter : *counters) counter.store(0, std::memory_order_relaxed);
  context.team = threads;
  context.fate = Fate::open;

  for (size_t v = 0; v < values_.size(); ++v) {
    const Value& value = values_[v];
    const auto index = static_cast<size_t>(value.index);
    switch (value.storage) {
      case Storage::arena:
        context.base[v] = context.arena + value.index;
        break;
      case Storage::input:
        context.base[v] = const_cast<void*>(inputs[index]);
        break;
      case Storage::output:
        context.base[v] = outputs[index];
        break;
      case Storage::variable:
        context.base[v] = variables_[index]->data();
        break;
      case Storage::derived:
        context.base[v] = derived_[index]->data();
        break;
      case Storage::nowhere:
        context.base[v] = nullptr;
        break;
    }
  }
  const void** in = context.in.data();
  void** out = context.out.data();
  for (size_t s = 0; s < instructions_.size(); ++s) {
    const Instruction& instruction = instructions_[s];
    Buffers& at = context.buffers[s];
    at.in = in;
    at.out = out;
    for (const int64_t id : instruction.inputs) *in++ = context.base[static_cast<size_t>(id)];
    for (const int64_t id : instruction.outputs) *out++ = context.base[static_cast<size_t>(id)];
    at.scratch = context.arena + instruction.scratch_offset;
    at.packed = instruction.packed >= 0 ? derived_[static_cast<size_t>(instruction.packed)]->data()
                : packs_in_run(instruction) ? at.scratch + align_up(instruction.op->scratch_bytes())
                                            : nullptr;
  }
  parallel_team(threads, shared_seconds(), [this, &context](int thread) { walk(context, thread); });
}

// One thread's way through the instructions. Of each phase it takes its own share of the items in
// order; when that is done it helps with the others, so a thread that is late or lost its core
// delays nobody. A phase waits for items, not for threads.
void Program::walk(Context& context, int thread) const noexcept {
  const size_t phases = phases_.size();
  Recording* const recording = context.recording;
  // Only the calling thread asks; who asks for the GIL delays no other.
  const Interrupted nobody;
  InterruptWatch watch(thread == 0 ? *context.interrupted : nobody);
  const bool interruptible = static_cast<bool>(*context.interrupted);
  size_t ended = 0;  // phases known to have ended
  const auto wait_for_phases = [&](size_t end) {
    for (; ended < end; ++ended)
      wait_until([&] {
        return context.done[ended].load(std::memory_order_acquire) == phases_[ended].items ||
               (interruptible && context.abandoned());
      });
  };
  for (size_t p = 0; p < phases; ++p) {
    const Phase& phase = phases_[p];
    if (interruptible && p == first_write_ && !context.decide(Fate::bound)) return;
    if (phase.barrier) wait_for_phases(p);
    if (interruptible && context.abandoned()) return;  // what this phase reads may not be there
    const int64_t started = recording != nullptr ? recording->now() : 0;
    const Operator& op = *instructions_[phase.instruction].op;
    Buffers at = context.buffers[phase.instruction];
    at.thread_scratch = context.thread_scratch + thread * thread_scratch_bytes_;
    const bool reversed = op.reverse_item_order(phase.number);
    int64_t finished = 0;
    for (int turn = 0; turn < context.team; ++turn) {
      const int share = (thread + turn) % context.team;
      const int64_t begin = phase.items * share / context.team;
      const int64_t end = phase.items * (share + 1) / context.team;
      std::atomic<int64_t>& next = context.next[static_cast<size_t>(share) * phases + p];
      if (next.load(std::memory_order_relaxed) >= end - begin) continue;
      for (;;) {
        const int64_t taken = next.fetch_add(1, std::memory_order_relaxed);
        if (taken >= end - begin) break;
        const int64_t item = reversed ? end - 1 - taken : begin + taken;
        if (phase.number == kPackPhase) {
          const int input = op.packing()->input;
          op.pack(item, at.in[input], const_cast<std::byte*>(at.packed));
        } else {
          op.run(phase.number, item, at);
        }
        ++finished;
        if (!interruptible) continue;
        if (watch.stop()) context.decide(Fate::abandoned);
        if (context.abandoned()) return;
      }
    }
    if (finished == 0) continue;
    if (recording != nullptr)
      recording->add({thread, static_cast<int64_t>(phase.instruction), phase.number, started,
                      recording->now(), finished});
    context.done[p].fetch_add(finished, std::memory_order_acq_rel);
  }
  if (thread == 0) wait_for_phases(phases);
}

}  // namespace fastcnn
