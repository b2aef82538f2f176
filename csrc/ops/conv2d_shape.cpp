#include "ops/conv2d_shape.h"

#include "base/check.h"

namespace fastcnn {

ConvShape conv_shape(const StepSpec& spec, const Operand& x, const Operand& kernel,
                     const Operand& y) {
  check_operand(spec.op, "x", x, DType::f32, 4);
  check_operand(spec.op, "kernel", kernel, DType::f32, 4);
  check_operand(spec.op, "y", y, DType::f32, 4);
  const int64_t groups = spec.attrs.integer("groups");
  check(groups >= 1, spec.op, ": groups must be positive, got ", groups);
  const int64_t in = x.shape[3];
  const int64_t out = kernel.shape[3];
  check(in % groups == 0 && out % groups == 0, spec.op, ": ", in, " input and ", out,
        " output channels cannot be split into ", groups, " groups");
  check(kernel.shape[2] == in / groups, spec.op, ": kernel ", kernel.shape.text(), " expects ",
        kernel.shape[2] * groups, " channels, x has ", in);
  check(y.shape[0] == x.shape[0] && y.shape[3] == out, spec.op, ": y ", y.shape.text(),
        " does not fit x ", x.shape.text(), " and kernel ", kernel.shape.text());
  return {x.shape[0], in, out, groups,
          window_from(spec, kernel.shape[0], kernel.shape[1], x.shape, y.shape)};
}

}  // namespace fastcnn
