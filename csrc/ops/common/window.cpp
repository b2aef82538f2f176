#include "ops/common/window.h"

#include "base/check.h"

namespace fastcnn {

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

Window window_from(const OperatorSpec& spec, const std::vector<int64_t>& size, const Shape& in,
                   const Shape& out) {
  static constexpr const char* kNames[3][3] = {
      {"length"}, {"height", "width"}, {"depth", "height", "width"}};
  const auto& strides = spec.attrs.integers("strides");
  const auto& padding = spec.attrs.integers("padding");
  const auto& dilation = spec.attrs.integers("dilation");
  const auto rank = static_cast<size_t>(in.rank() - 2);
  check(rank >= 1 && rank <= 3 && size.size() == rank, spec.op,
        ": windows have 1 to 3 axes, and as many as the images, got ", size.size(), " and ",
        in.text());
  check(strides.size() == rank && padding.size() == 2 * rank && dilation.size() == rank, spec.op,
        ": needs ", rank, " strides, ", 2 * rank, " paddings and ", rank, " dilations");
  int64_t taps = 1;
  for (const int64_t axis_size : size) {
    check(axis_size >= 0 && axis_size <= kMaxWindow && taps * axis_size <= kMaxTaps, spec.op,
          ": the window has more than ", kMaxTaps, " taps");
    taps *= axis_size;
  }
  constexpr WindowAxis kAbsent{1, 1, {1, 1, 1, 0, 0}};
  std::array<WindowAxis, 3> axes{kAbsent, kAbsent, kAbsent};
  for (size_t i = 0; i < rank; ++i)
    axes[3 - rank + i] = axis_from(
        spec.op, kNames[rank - 1][i], in[static_cast<int>(i) + 1], out[static_cast<int>(i) + 1],
        {size[i], strides[i], dilation[i], padding[2 * i], padding[2 * i + 1]});
  return {axes[0], axes[1], axes[2]};
}

}  // namespace fastcnn
