#include "ops/convolution/direct.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/table.h"
#include "ops/common/epilogue.h"
#include "ops/convolution/algorithm.h"
#include "ops/convolution/depthwise.h"
#include "ops/convolution/implicit_gemm.h"
#include "ops/convolution/shape.h"
#include "ops/convolution/winograd.h"

namespace fastcnn {
namespace {

// A plan lists each set of taps that pixels have in common. Real networks have a few dozen; a
// window as large as the image would have one for every pixel.
constexpr int64_t kMaxRegions = int64_t{1} << 16;
constexpr int64_t kMaxRegionTaps = int64_t{1} << 20;

// One axis of a convolution as reads of an implicit GEMM, with where its positions are written and
// which filter tap each read belongs to.
struct AxisPhase {
  AxisReads reads;
  int64_t c_first, c_step;   // output position of pixel i: c_first + i * c_step
  std::vector<int64_t> tap;  // filter position of each read, in the order of offsets
};

// Forward: one phase, reads at the filter's own offsets.
std::vector<AxisPhase> forward_phases(const WindowAxis& axis) {
  const Window1d& w = axis.window;
  AxisPhase phase{{axis.out, w.stride, axis.in, {}}, 0, 1, {}};
  for (int64_t t = 0; t < w.size; ++t) {
    phase.reads.offset.push_back(t * w.dilation - w.pad_before);
    phase.tap.push_back(t);
  }
  return {phase};
}

// Input gradient: x position i meets tap t at y position (i + pad - t * dilation) / stride where
// that is whole, so positions of equal remainder share their taps: one phase for each remainder.
std::vector<AxisPhase> input_grad_phases(const std::string& op, const WindowAxis& axis) {
  const Window1d& w = axis.window;
  std::vector<AxisPhase> phases;
  check(std::min(w.stride, axis.in) <= kMaxRegions, op, ": a stride of ", w.stride,
        " is too large");
  for (int64_t first = 0; first < std::min(w.stride, axis.in); ++first) {
    AxisPhase phase{
        {(axis.in - first + w.stride - 1) / w.stride, 1, axis.out, {}}, first, w.stride, {}};
    for (int64_t t = w.size - 1; t >= 0; --t) {
      const int64_t distance = first + w.pad_before - t * w.dilation;
      if (distance % w.stride != 0) continue;
      phase.reads.offset.push_back(distance / w.stride);
      phase.tap.push_back(t);
    }
    phases.push_back(phase);
  }
  return phases;
}

struct Phases {
  std::vector<AxisPhase> depth, height, width;
};

// What distances within an image depend on.
struct ImageSize {
  int64_t height, width, channels;
};

// Both directions: A is the image that is read, C the one that is written.
class ConvolutionPlan {
 public:
  // Filter taps, by their place in the kernel, in the order in which packed B holds them.
  std::vector<int64_t> order;
  ImplicitGemmShape shape;
  int64_t longest = 0;  // contiguous numbers that a tap reads

  // depth: channels of one group of A.
  ConvolutionPlan(const std::string& op, const Phases& phases, const ImageSize& a, int64_t depth,
                  const ImageSize& c, const Window& window) {
    for (const AxisPhase& d : phases.depth)
      for (const AxisPhase& v : phases.height)
        for (const AxisPhase& h : phases.width) {
          const auto first_tap = static_cast<int64_t>(order.size());
          for (const int64_t q : d.tap)
            for (const int64_t r : v.tap)
              for (const int64_t s : h.tap)
                order.push_back((q * window.height.window.size + r) * window.width.window.size + s);
          add_regions(op, d, v, h, a, depth, c, first_tap);
        }
    shape.b_rows = static_cast<int64_t>(order.size()) * depth;
    for (const OutputRegion& region : shape.regions) longest = std::max(longest, region.depth);
  }

 private:
  void add_regions(const std::string& op, const AxisPhase& d, const AxisPhase& v,
                   const AxisPhase& h, const ImageSize& a, int64_t depth, const ImageSize& c,
                   int64_t first_tap) {
    const auto taps_h = static_cast<int64_t>(v.tap.size());
    const auto taps_w = static_cast<int64_t>(h.tap.size());
    const int64_t a_row = a.width * a.channels;
    const int64_t c_row = c.width * c.channels;
    // Neighbouring taps read neighbouring pixels: a filter row is one contiguous run of A.
    const bool fold = depth == a.channels && contiguous(h.reads.offset);
    const std::vector<AxisRun> planes_of = runs_of(d.reads);
    const std::vector<AxisRun> rows_of = runs_of(v.reads);
    const std::vector<AxisRun> columns_of = runs_of(h.reads);
    for (const AxisRun& planes : planes_of)
      for (const AxisRun& rows : rows_of)
        for (const AxisRun& columns : columns_of) {
          OutputRegion region{};
          region.planes = planes.end - planes.begin;
          region.height = rows.end - rows.begin;
          region.width = columns.end - columns.begin;
          region.a_plane = d.reads.step * a.height * a_row;
          region.a_row = v.reads.step * a_row;
          region.a_column = h.reads.step * a.channels;
          region.a_origin = planes.begin * region.a_plane + rows.begin * region.a_row +
                            columns.begin * region.a_column;
          region.c_plane = d.c_step * c.height * c_row;
          region.c_row = v.c_step * c_row;
          region.c_column = h.c_step * c.channels;
          region.c_origin = (d.c_first * c.height + v.c_first) * c_row + h.c_first * c.channels +
                            planes.begin * region.c_plane + rows.begin * region.c_row +
                            columns.begin * region.c_column;
          const int64_t run = fold ? columns.last - columns.first : 1;
          region.depth = run * depth;
          for (int64_t q = planes.first; q < planes.last; ++q)
            for (int64_t r = rows.first; r < rows.last; ++r)
              for (int64_t s = columns.first; s < columns.last; s += run)
                region.taps.push_back({(d.reads.offset[static_cast<size_t>(q)] * a.height +
                                        v.reads.offset[static_cast<size_t>(r)]) *
                                               a_row +
                                           h.reads.offset[static_cast<size_t>(s)] * a.channels,
                                       (first_tap + (q * taps_h + r) * taps_w + s) * depth});
          taps_listed_ += static_cast<int64_t>(region.taps.size());
          shape.regions.push_back(std::move(region));
          check(static_cast<int64_t>(shape.regions.size()) <= kMaxRegions &&
                    taps_listed_ <= kMaxRegionTaps,
                op,
                ": too many places where the window is cut off differently; use a smaller window, "
                "stride or padding");
        }
  }

  int64_t taps_listed_ = 0;

  static bool contiguous(const std::vector<int64_t>& offset) {
    for (size_t i = 1; i < offset.size(); ++i)
      if (offset[i] != offset[i - 1] + 1) return false;
    return true;
  }
};

class Convolution final : public Operator {
 public:
  Convolution(const ConvShape& conv, const Shape& kernel, ConvolutionPlan plan, bool input_grad,
              const Epilogue& epilogue)
      : conv_(conv),
        order_(std::move(plan.order)),
        narrow_n_(plan.shape.narrow_n),
        gemm_(std::move(plan.shape)),
        input_grad_(input_grad),
        epilogue_(epilogue),
        kernels_(kernels()),
        packing_{1,
                 std::string(kernels_.isa) + (input_grad ? " conv2d input grad " : " conv2d ") +
                     kernel.text() + " " + gemm_.layout(),
                 gemm_.packed_bytes(), conv.groups * gemm_.panels()} {
    // Phases depend on stride and padding, and with them the order of taps.
    if (input_grad)
      for (const WindowAxis* axis : conv.window.axes())
        packing_.key += " by " + std::to_string(axis->window.stride) + " pad " +
                        std::to_string(axis->window.pad_before) + " dilation " +
                        std::to_string(axis->window.dilation) + " of " +
                        std::to_string(std::min(axis->in, axis->window.stride));
  }

  int64_t items(int) const override { return gemm_.items(); }
  int64_t thread_scratch_bytes() const override { return gemm_.thread_scratch_bytes(); }
  const Packing* packing() const override { return &packing_; }
  std::string algorithm() const override { return narrow_n_ ? "direct, narrow n" : "direct"; }
  Cost cost() const override {
    return {gemm_.flops(),
            4.0 * static_cast<double>(conv_.batch *
                                          (conv_.window.positions_in() * conv_.in_channels +
                                           conv_.window.positions_out() * conv_.out_channels) +
                                      conv_.taps() * conv_.group_in() * conv_.out_channels)};
  }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    gemm_.run(item,
              {at.input(0), reinterpret_cast<const float*>(at.packed), epilogue_.bias_of(at),
               epilogue_.residual_of(at), at.output(0),
               outputs.size() == 2 ? at.output<uint8_t>(1) : nullptr},
              at.thread_scratch);
  }

  void pack(int64_t item, const void* input, std::byte* packed) const noexcept override {
    const int64_t group = item / gemm_.panels();
    const int64_t p = item % gemm_.panels();
    const auto* kernel = static_cast<const float*>(input);
    float* panel = gemm_.panel(packed, group, p);
    const int64_t in = conv_.group_in();
    const int64_t depth = input_grad_ ? conv_.group_out() : in;
    const int64_t width = gemm_.panel_width();
    if (narrow_n_) return pack_narrow(kernel, group, panel);
    for (const int64_t t : order_) {
      const float* tap = kernel + t * in * conv_.out_channels + group * conv_.group_out();
      if (input_grad_)
        kernels_.gemm.pack_columns(depth, gemm_.column_count(p), width,
                                   tap + gemm_.first_column(p) * conv_.out_channels,
                                   conv_.out_channels, panel);
      else
        kernels_.gemm.pack_rows(depth, gemm_.column_count(p), width, tap + gemm_.first_column(p),
                                conv_.out_channels, panel);
      panel += depth * width;
    }
  }

 private:
  // Column by column; there are so few that plain loops do.
  void pack_narrow(const float* kernel, int64_t group, float* packed) const noexcept {
    const int64_t in = conv_.group_in();
    const int64_t out = conv_.group_out();
    const int64_t depth = input_grad_ ? out : in;
    for (int64_t n = 0; n < (input_grad_ ? in : out); ++n)
      for (const int64_t t : order_) {
        const float* tap = kernel + t * in * conv_.out_channels + group * out;
        for (int64_t k = 0; k < depth; ++k)
          *packed++ =
              input_grad_ ? tap[n * conv_.out_channels + k] : tap[k * conv_.out_channels + n];
      }
  }

  ConvShape conv_;
  std::vector<int64_t> order_;
  bool narrow_n_;
  ImplicitGemm gemm_;
  bool input_grad_;
  Epilogue epilogue_;
  const KernelTable& kernels_;
  Packing packing_;
};

// The forward convolution that writes the positions of `window`.
ConvolutionPlan forward_plan(const OperatorSpec& spec, const ConvShape& conv, const Window& window,
                             Activation activation) {
  const auto& [d, h, w] = window;
  ConvolutionPlan plan(spec.op, {forward_phases(d), forward_phases(h), forward_phases(w)},
                       {h.in, w.in, conv.in_channels}, conv.group_in(),
                       {h.out, w.out, conv.out_channels}, window);
  plan.shape.images = conv.batch;
  plan.shape.a_image = window.positions_in() * conv.in_channels;
  plan.shape.c_image = window.positions_out() * conv.out_channels;
  plan.shape.groups = conv.groups;
  plan.shape.a_group = conv.group_in();
  plan.shape.c_group = conv.group_out();
  plan.shape.columns = conv.group_out();
  plan.shape.narrow_n = narrow_n_pays(plan.shape.columns, plan.longest);
  plan.shape.activation = activation;
  return plan;
}

// An axis whose positions are the pooled ones: every second pixel.
WindowAxis pooled_axis(WindowAxis axis) {
  axis.out /= 2;
  axis.window.stride *= 2;
  return axis;
}

}  // namespace

std::unique_ptr<Operator> make_conv(const OperatorSpec& spec) {
  check(spec.inputs.size() >= 2 && spec.outputs.size() == 1, spec.op,
        ": takes x, kernel, maybe bias, maybe residual, and y");
  const ConvShape conv = conv_shape(spec, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  const Epilogue epilogue = epilogue_from(spec, conv.out_channels, spec.outputs[0].shape);
  if (is_depthwise(conv)) {
    check(epilogue.residual < 0, spec.op, ": a filter for each channel takes no residual");
    return make_depthwise(conv, epilogue);
  }
  const WinogradShape winograd = winograd_shape(conv, false);
  if (const int64_t tile = winograd_tile(spec, conv, winograd))
    return make_winograd(spec, winograd, tile, epilogue);
  return std::make_unique<Convolution>(conv, spec.inputs[1].shape,
                                       forward_plan(spec, conv, conv.window, epilogue.activation),
                                       false, epilogue);
}

std::unique_ptr<Operator> make_conv2d_max_pool(const OperatorSpec& spec) {
  check(spec.inputs.size() >= 2 && (spec.outputs.size() == 1 || spec.outputs.size() == 2), spec.op,
        ": takes x, kernel, maybe bias, y and maybe argmax");
  check_float32(spec.op, "x", spec.inputs[0], 4);
  check_float32(spec.op, "kernel", spec.inputs[1], 4);
  const auto& output = spec.attrs.integers("output");
  check(output.size() == 2 && output[0] >= 2 && output[1] >= 2, spec.op,
        ": output must hold a window of 2 x 2 pixels");
  const Operand z{spec.inputs[0].dtype,
                  Shape({spec.inputs[0].shape[0], output[0], output[1], spec.inputs[1].shape[3]})};
  const ConvShape conv = conv_shape(spec, spec.inputs[0], spec.inputs[1], z);
  const Epilogue epilogue = epilogue_from(spec, conv.out_channels, z.shape);
  check(epilogue.residual < 0 &&
            (epilogue.activation == Activation::none || epilogue.activation == Activation::relu),
        spec.op, ": takes no residual, and no activation but relu");
  const WindowAxis& h = conv.window.height;
  const WindowAxis& w = conv.window.width;
  for (const WindowAxis* axis : {&h, &w})
    check(axis->window.pad_before == 0 && axis->window.pad_after == 0, spec.op,
          ": padding must be 0, got ", axis->window.pad_before, " and ", axis->window.pad_after);
  const Shape pooled({conv.batch, output[0] / 2, output[1] / 2, conv.out_channels});
  check_float32(spec.op, "y", spec.outputs[0], pooled);
  if (spec.outputs.size() == 2) {
    check_operand(spec.op, "argmax", spec.outputs[1], DType::u8, 4);
    check_shape(spec.op, "argmax", spec.outputs[1], pooled);
  }
  WinogradShape winograd = winograd_shape(conv, false);
  winograd.pooled = true;
  if (const int64_t tile = winograd_tile(spec, conv, winograd))
    return make_winograd(spec, winograd, tile, epilogue);
  ConvolutionPlan plan = forward_plan(
      spec, conv, {conv.window.depth, pooled_axis(h), pooled_axis(w)}, epilogue.activation);
  plan.shape.pooled = true;
  plan.shape.narrow_n = false;
  const int64_t right = w.window.stride * conv.in_channels;
  const int64_t down = h.window.stride * w.in * conv.in_channels;
  plan.shape.window_offset = {0, right, down, down + right};
  return std::make_unique<Convolution>(conv, spec.inputs[1].shape, std::move(plan), false,
                                       epilogue);
}

namespace {

// The input gradient, and what it makes of an image when it is used forward.
std::unique_ptr<Operator> transposed(const OperatorSpec& spec, const ConvShape& conv,
                                     const Epilogue& epilogue) {
  const bool plain =
      epilogue.bias < 0 && epilogue.residual < 0 && epilogue.activation == Activation::none;
  if (is_depthwise(conv) && plain) return make_depthwise_input_grad(conv);
  const WinogradShape winograd = winograd_shape(conv, true);
  if (const int64_t tile = winograd_tile(spec, conv, winograd))
    return make_winograd(spec, winograd, tile, epilogue);
  const auto& [d, h, w] = conv.window;
  ConvolutionPlan plan(
      spec.op,
      {input_grad_phases(spec.op, d), input_grad_phases(spec.op, h), input_grad_phases(spec.op, w)},
      {h.out, w.out, conv.out_channels}, conv.group_out(), {h.in, w.in, conv.in_channels},
      conv.window);
  plan.shape.images = conv.batch;
  plan.shape.a_image = conv.window.positions_out() * conv.out_channels;
  plan.shape.c_image = conv.window.positions_in() * conv.in_channels;
  plan.shape.groups = conv.groups;
  plan.shape.a_group = conv.group_out();
  plan.shape.c_group = conv.group_in();
  plan.shape.columns = conv.group_in();
  plan.shape.narrow_n = narrow_n_pays(plan.shape.columns, plan.longest);
  plan.shape.activation = epilogue.activation;
  return std::make_unique<Convolution>(conv, spec.inputs[1].shape, std::move(plan), true, epilogue);
}

}  // namespace

std::unique_ptr<Operator> make_conv_input_grad(const OperatorSpec& spec) {
  check(spec.inputs.size() == 2 && spec.outputs.size() == 1, spec.op, ": takes dy, kernel and dx");
  const ConvShape conv = conv_shape(spec, spec.outputs[0], spec.inputs[1], spec.inputs[0]);
  return transposed(spec, conv, {});
}

std::unique_ptr<Operator> make_conv_transpose(const OperatorSpec& spec) {
  check(spec.inputs.size() >= 2 && spec.outputs.size() == 1, spec.op,
        ": takes x, kernel, maybe bias, maybe residual, and y");
  const ConvShape conv = conv_shape(spec, spec.outputs[0], spec.inputs[1], spec.inputs[0]);
  return transposed(spec, conv, epilogue_from(spec, conv.in_channels, spec.outputs[0].shape));
}

}  // namespace fastcnn
