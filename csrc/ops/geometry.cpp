#include "ops/geometry.h"

#include "base/check.h"

namespace fastcnn {

void check_operand(const std::string& op, const char* name, const Operand& operand, DType dtype,
                   int rank) {
  check(operand.dtype == dtype, op, ": ", name, " must be ", name_of(dtype), ", got ",
        name_of(operand.dtype));
  check(operand.shape.rank() == rank, op, ": ", name, " must have rank ", rank, ", got shape ",
        operand.shape.text());
}

void check_shape(const std::string& op, const char* name, const Operand& operand,
                 const Shape& expected) {
  check(operand.shape == expected, op, ": ", name, " must have shape ", expected.text(), ", got ",
        operand.shape.text());
}

namespace {

WindowAxis axis_from(const std::string& op, const char* name, int64_t in, int64_t out,
                     const Window1d& w) {
  check(w.size >= 1 && w.size <= kMaxWindow, op, ": window ", name, " must be 1 to ", kMaxWindow,
        ", got ", w.size);
  check(w.stride >= 1 && w.stride <= kMaxWindow, op, ": stride must be 1 to ", kMaxWindow, ", got ",
        w.stride);
  check(w.dilation >= 1 && w.dilation <= kMaxWindow, op, ": dilation must be 1 to ", kMaxWindow,
        ", got ", w.dilation);
  check(w.pad_before >= 0 && w.pad_before <= kMaxWindow && w.pad_after >= 0 &&
            w.pad_after <= kMaxWindow,
        op, ": padding must be 0 to ", kMaxWindow, ", got ", w.pad_before, " and ", w.pad_after);
  const int64_t room = in + w.pad_before + w.pad_after - w.reach();
  const int64_t expected = room < 0 ? 0 : room / w.stride + 1;
  check(out == expected, op, ": output ", name, " must be ", expected, ", got ", out);
  return {in, out, w};
}

}  // namespace

Window2d window_from(const StepSpec& spec, int64_t size_h, int64_t size_w, const Shape& in,
                     const Shape& out) {
  const auto& strides = spec.attrs.integers("strides");
  const auto& padding = spec.attrs.integers("padding");
  const auto& dilation = spec.attrs.integers("dilation");
  check(strides.size() == 2 && padding.size() == 4 && dilation.size() == 2, spec.op,
        ": needs 2 strides, 4 paddings and 2 dilations");
  check(size_h >= 0 && size_w >= 0 && size_h <= kMaxWindow && size_w <= kMaxWindow &&
            size_h * size_w <= kMaxTaps,
        spec.op, ": a window of ", size_h, " x ", size_w, " has more than ", kMaxTaps, " taps");
  return {axis_from(spec.op, "height", in[1], out[1],
                    {size_h, strides[0], dilation[0], padding[0], padding[1]}),
          axis_from(spec.op, "width", in[2], out[2],
                    {size_w, strides[1], dilation[1], padding[2], padding[3]})};
}

Activation activation_from(const StepSpec& spec) {
  const std::string& name = spec.attrs.text("activation");
  if (name == "none") return Activation::none;
  if (name == "relu") return Activation::relu;
  if (name == "sigmoid") return Activation::sigmoid;
  check(name == "tanh", spec.op, ": activation must be none, relu, sigmoid or tanh, got '", name,
        "'");
  return Activation::tanh;
}

}  // namespace fastcnn
