#include "ops/convolution/shape.h"

#include "base/check.h"

namespace fastcnn {

ConvShape conv_shape(const OperatorSpec& spec, const Operand& x, const Operand& kernel,
                     const Operand& y) {
  const int rank = x.shape.rank();
  check(rank >= 3 && rank <= 5, spec.op, ": x must have rank 3, 4 or 5, got shape ",
        x.shape.text());
  check_float32(spec.op, "x", x, rank);
  check_float32(spec.op, "kernel", kernel, rank);
  check_float32(spec.op, "y", y, rank);
  const int64_t groups = spec.attrs.integer("groups");
  check(groups >= 1, spec.op, ": groups must be positive, got ", groups);
  const int64_t in = x.shape.back();
  const int64_t out = kernel.shape.back();
  const int64_t group_in = kernel.shape[rank - 2];
  check(in % groups == 0 && out % groups == 0, spec.op, ": ", in, " input and ", out,
        " output channels cannot be split into ", groups, " groups");
  check(group_in == in / groups, spec.op, ": kernel ", kernel.shape.text(), " expects ",
        group_in * groups, " channels, x has ", in);
  check(y.shape[0] == x.shape[0] && y.shape.back() == out, spec.op, ": y ", y.shape.text(),
        " does not fit x ", x.shape.text(), " and kernel ", kernel.shape.text());
  std::vector<int64_t> size = kernel.shape.dims();
  size.resize(static_cast<size_t>(rank - 2));
  ConvShape shape{x.shape[0], in, out, groups, window_from(spec, size, x.shape, y.shape)};
  WindowAxis& depth = shape.window.depth;
  if (depth.window.size == 1 && depth.window.stride == 1 && depth.in == depth.out &&
      depth.window.pad_before == 0) {
    shape.batch *= depth.in;
    depth = {1, 1, {1, 1, 1, 0, 0}};
  }
  return shape;
}

}  // namespace fastcnn
