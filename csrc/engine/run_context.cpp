#include "engine/run_context.h"

#include <new>

namespace fastcnn {

Program::Context::Context(const Program& program)
    : base(program.values_.size()), buffers(program.instructions_.size()) {
  size_t inputs = 0;
  size_t outputs = 0;
  for (const Instruction& instruction : program.instructions_) {
    inputs += instruction.inputs.size();
    outputs += instruction.outputs.size();
  }
  in.resize(inputs);
  out.resize(outputs);
}

Program::PooledContext::PooledContext(const Program& program) : program_(program) {
  {
    const std::lock_guard<std::mutex> guard(program.pool_mutex_);
    if (!program.pool_.empty()) {
      context_ = std::move(program.pool_.back());
      program.pool_.pop_back();
      return;
    }
  }
  context_ = std::make_unique<Context>(program);
}

Program::PooledContext::~PooledContext() {
  const std::lock_guard<std::mutex> guard(program_.pool_mutex_);
  try {
    program_.pool_.push_back(std::move(context_));
  } catch (const std::bad_alloc&) {
    // Then the next run makes another.
  }
}

}  // namespace fastcnn
