#include <algorithm>

#include "base/check.h"
#include "kernels/simd/epilogue.h"
#include "ops/convolution/algorithm.h"
#include "ops/convolution/depthwise.h"
#include "ops/convolution/direct.h"
#include "ops/convolution/implicit_gemm_filter_grad.h"
#include "ops/convolution/shape.h"
#include "ops/convolution/winograd.h"
#include "ops/products/matmul.h"

namespace fastcnn {
namespace {

// Output positions [begin, end) of an axis at which filter position t lies inside the image.
struct Seen {
  int64_t begin, end;
};

Seen seen_by(const WindowAxis& axis, int64_t t) {
  const Window1d& w = axis.window;
  const int64_t offset = t * w.dilation - w.pad_before;
  const int64_t begin = offset >= 0 ? 0 : (-offset + w.stride - 1) / w.stride;
  const int64_t room = axis.in - offset;
  const int64_t end = room <= 0 ? 0 : std::min(axis.out, (room + w.stride - 1) / w.stride);
  return {std::min(begin, end), end};
}

ImplicitGemmFilterGradShape shape_of(const ConvShape& conv) {
  const auto& [d, h, w] = conv.window;
  const int64_t x_row = w.in * conv.in_channels;
  const int64_t y_row = w.out * conv.out_channels;
  ImplicitGemmFilterGradShape shape{};
  shape.images = conv.batch;
  shape.planes = d.out;
  shape.rows = h.out;
  shape.a_image = conv.window.positions_in() * conv.in_channels;
  shape.a_plane = d.window.stride * h.in * x_row;
  shape.a_row = h.window.stride * x_row;
  shape.a_pixel = w.window.stride * conv.in_channels;
  shape.b_image = conv.window.positions_out() * conv.out_channels;
  shape.b_plane = h.out * y_row;
  shape.b_row = y_row;
  shape.b_pixel = conv.out_channels;
  shape.groups = conv.groups;
  shape.a_group = conv.group_in();
  shape.b_group = conv.group_out();
  shape.columns = conv.group_out();
  shape.c_rows = conv.taps() * conv.group_in();

  // Where no column is padded, a whole filter row of numbers lies together at every pixel.
  bool fold = w.window.dilation == 1 && conv.groups == 1;
  for (int64_t s = 0; s < w.window.size; ++s) {
    const Seen seen = seen_by(w, s);
    fold = fold && seen.begin == 0 && seen.end == w.out;
  }
  const bool gathers = !fold && gathering_pays(conv);
  if (gathers)
    shape.gather = {w.window.size * conv.in_channels,
                    w.out,
                    w.window.stride * conv.in_channels,
                    -w.window.pad_before * conv.in_channels,
                    x_row,
                    d.window.stride,
                    h.in,
                    h.window.stride,
                    h.window.reach(),
                    -h.window.pad_before};
  const int64_t taps_w = fold || gathers ? 1 : w.window.size;
  shape.tap_rows = fold || gathers ? w.window.size * conv.in_channels : conv.group_in();
  for (int64_t q = 0; q < d.window.size; ++q)
    for (int64_t r = 0; r < h.window.size; ++r)
      for (int64_t s = 0; s < taps_w; ++s) {
        const Seen planes = seen_by(d, q);
        const Seen rows = seen_by(h, r);
        const Seen columns = seen_by(w, s);
        const int64_t z = q * d.window.dilation - d.window.pad_before;
        const int64_t y = r * h.window.dilation - h.window.pad_before;
        FilterGradTap tap{planes.begin,
                          planes.end,
                          rows.begin,
                          rows.end,
                          w.out,
                          y,
                          0,
                          z,
                          ((q * h.window.size + r) * taps_w + s) * shape.tap_rows};
        if (!gathers) {
          const int64_t x =
              columns.begin * w.window.stride + s * w.window.dilation - w.window.pad_before;
          tap.pixels = columns.end - columns.begin;
          tap.a_offset = (z * h.in + y) * x_row + x * conv.in_channels;
          tap.b_offset = columns.begin * conv.out_channels;
        }
        shape.taps.push_back(tap);
      }
  return shape;
}

class ConvKernelGrad final : public Operator {
 public:
  explicit ConvKernelGrad(const ConvShape& conv) : conv_(conv), gradient_(shape_of(conv)) {}

  int phases() const override { return gradient_.phases(); }
  int64_t items(int phase) const override { return gradient_.items(phase); }
  int64_t scratch_bytes() const override { return gradient_.scratch_bytes(); }
  int64_t thread_scratch_bytes() const override { return gradient_.thread_scratch_bytes(); }
  std::string algorithm() const override { return "direct"; }
  Cost cost() const override {
    return {gradient_.flops(),
            4.0 * static_cast<double>(conv_.batch *
                                      (conv_.window.positions_in() * conv_.in_channels +
                                       conv_.window.positions_out() * conv_.out_channels))};
  }
  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    gradient_.run(phase, item, at.input(0), at.input(1), at.output(0), at);
  }

 private:
  ConvShape conv_;
  ImplicitGemmFilterGrad gradient_;
};

}  // namespace

std::unique_ptr<Operator> make_conv_kernel_grad(const OperatorSpec& spec) {
  check(spec.inputs.size() == 2 && spec.outputs.size() == 1, spec.op, ": takes x, dy and dkernel");
  const ConvShape conv = conv_shape(spec, spec.inputs[0], spec.outputs[0], spec.inputs[1]);
  if (is_depthwise(conv)) return make_depthwise_kernel_grad(conv);
  if (const int64_t tile = winograd_kernel_grad_tile(spec, conv))
    return make_winograd_kernel_grad(conv, tile);
  if (filter_grad_is_gemm(conv))
    return make_blocked_gemm({conv.in_channels, conv.out_channels,
                              conv.batch * conv.window.positions_out(), true, false,
                              Activation::none});
  return std::make_unique<ConvKernelGrad>(conv);
}

}  // namespace fastcnn
