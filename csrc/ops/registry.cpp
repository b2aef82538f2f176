#include "base/check.h"
#include "engine/step.h"
#include "ops/conv2d.h"
#include "ops/matmul.h"

namespace fastcnn {
namespace {

struct Row {
  const char* op;
  std::unique_ptr<Step> (*make)(const StepSpec&);
};

// Every operation that Python can name.
constexpr Row kRows[] = {
    {"conv2d", make_conv2d},
    {"conv2d_input_grad", make_conv2d_input_grad},
    {"conv2d_kernel_grad", make_conv2d_kernel_grad},
    {"matmul", make_matmul},
};

}  // namespace

std::unique_ptr<Step> make_step(const StepSpec& spec) {
  for (const Row& row : kRows)
    if (spec.op == row.op) {
      std::unique_ptr<Step> step = row.make(spec);
      step->inputs = spec.inputs;
      step->outputs = spec.outputs;
      return step;
    }
  check(false, "unknown operation '", spec.op, "'");
  return nullptr;
}

}  // namespace fastcnn
