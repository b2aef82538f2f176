#include "ops/pooling/pool_nd.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/pooling/table.h"
#include "ops/common/operand_checks.h"
#include "ops/common/window.h"
#include "ops/pooling/pool_2d.h"

namespace fastcnn {
namespace {

// Channels of an item of a gradient, where it does not take all: whole lines, and several vectors.
constexpr int64_t kChannelGroup = 64;

// One axis of the image, and what each window covers of it.
struct PooledAxis {
  int64_t in, out, dilation;
  std::vector<PoolTaps> taps;
};

PooledAxis adaptive_bins_of(int64_t in, int64_t out) {
  PooledAxis axis{in, out, 1, {}};
  for (int64_t i = 0; i < out; ++i) {
    const int64_t begin = i * in / out;
    const int64_t end = ceil_div((i + 1) * in, out);
    axis.taps.push_back({begin, end - begin, end - begin});
  }
  return axis;
}

// Positions before `counted_end` of a window count in an average; negative: those inside do.
PooledAxis windows_of(const WindowAxis& window, int64_t counted_end) {
  const Window1d& w = window.window;
  PooledAxis axis{window.in, window.out, w.dilation, {}};
  // Taps of a window from `start` on that lie before `end`.
  const auto before = [&](int64_t start, int64_t end) {
    return start >= end ? 0 : std::min(w.size, (end - 1 - start) / w.dilation + 1);
  };
  for (int64_t i = 0; i < window.out; ++i) {
    const int64_t start = i * w.stride - w.pad_before;
    const int64_t skipped = before(start, 0);
    const int64_t count = std::max(before(start, window.in) - skipped, int64_t{0});
    axis.taps.push_back({count > 0 ? start + skipped * w.dilation : 0, count,
                         counted_end < 0 ? count : before(start, counted_end)});
  }
  return axis;
}

struct PooledImage {
  int64_t batch, channels;
  PooledAxis depth, height, width;

  int64_t image() const { return depth.in * height.in * width.in * channels; }
  int64_t pooled() const { return depth.out * height.out * width.out * channels; }
};

void check_images(const OperatorSpec& spec, const Operand& x, const Operand& y) {
  const int rank = x.shape.rank();
  check(rank >= 3 && rank <= 5, spec.op, ": x must have rank 3, 4 or 5, got shape ",
        x.shape.text());
  check_float32(spec.op, "x", x, rank);
  check_float32(spec.op, "y", y, rank);
  check(x.shape[0] == y.shape[0] && x.shape.back() == y.shape.back(), spec.op, ": x ",
        x.shape.text(), " and y ", y.shape.text(), " differ in batch or channels");
}

// Numbers of the attribute `counted` for depth, height and width; -1 where it is empty.
std::array<int64_t, 3> counted_of(const OperatorSpec& spec, int rank, bool average) {
  std::array<int64_t, 3> counted{-1, -1, -1};
  if (!average || spec.attrs.integers("counted").empty()) return counted;
  const auto& after = spec.attrs.integers("counted");
  check(static_cast<int>(after.size()) == rank - 2, spec.op, ": counted needs ", rank - 2,
        " numbers, got ", after.size());
  counted = {0, 0, 0};
  for (size_t i = 0; i < after.size(); ++i) {
    check(after[i] >= 0 && after[i] <= kMaxWindow, spec.op, ": counted must be 0 to ", kMaxWindow,
          ", got ", after[i]);
    counted[3 - after.size() + i] = after[i];
  }
  return counted;
}

PooledImage pooled_image(const OperatorSpec& spec, const Operand& x, const Operand& y,
                         bool average) {
  check_images(spec, x, y);
  const int rank = x.shape.rank();
  PooledImage image{x.shape[0], x.shape.back(), {}, {}, {}};
  PooledAxis* axes[] = {&image.depth, &image.height, &image.width};
  if (spec.attrs.boolean("cells")) {
    for (int i = 0; i < 3; ++i) {
      const int axis = i - (3 - (rank - 2)) + 1;
      const int64_t in = axis < 1 ? 1 : x.shape[axis];
      const int64_t out = axis < 1 ? 1 : y.shape[axis];
      check(in <= kMaxWindow && out <= kMaxWindow, spec.op, ": axes must have at most ", kMaxWindow,
            " positions, got ", x.shape.text(), " and ", y.shape.text());
      *axes[i] = adaptive_bins_of(in, out);
    }
    return image;
  }
  const Window window = window_from(spec, spec.attrs.integers("size"), x.shape, y.shape);
  const std::array<int64_t, 3> after = counted_of(spec, rank, average);
  for (size_t i = 0; i < 3; ++i) {
    const WindowAxis& axis = *window.axes()[i];
    *axes[i] = windows_of(axis, after[i] < 0 ? -1 : axis.in + after[i]);
  }
  return image;
}

// Whether the operators for images with two axes serve: no planes to join, taps that are
// neighbours, pixels counted inside.
bool is_plain(const OperatorSpec& spec, const Operand& x, bool average) {
  const int rank = x.shape.rank();
  if (spec.attrs.boolean("cells") || rank > 4) return false;
  if (average && !spec.attrs.integers("counted").empty()) return false;
  const auto& dilation = spec.attrs.integers("dilation");
  return std::all_of(dilation.begin(), dilation.end(), [](int64_t d) { return d == 1; });
}

class PoolOperator : public Operator {
 public:
  explicit PoolOperator(PooledImage image) : image_(std::move(image)) {}

 protected:
  // The row of windows (d, i) of an image, which begins at x; `x` is moved to the first of the
  // rows that the windows reach.
  template <class Float>
  PoolWindowsNd windows_at(int64_t d, int64_t i, int64_t channels, Float*& x) const {
    const PoolTaps& planes = image_.depth.taps[static_cast<size_t>(d)];
    const PoolTaps& rows = image_.height.taps[static_cast<size_t>(i)];
    const int64_t row = image_.width.in * image_.channels;
    const int64_t plane = image_.height.in * row;
    x += planes.first * plane + rows.first * row;
    return {planes.count,
            plane * image_.depth.dilation,
            rows.count,
            row * image_.height.dilation,
            channels,
            image_.channels,
            image_.width.out,
            image_.width.taps.data(),
            image_.width.dilation * image_.channels,
            planes.counted * rows.counted};
  }
  Cost cost_of(int64_t passes) const {
    const auto x = static_cast<double>(image_.batch * image_.image());
    const auto y = static_cast<double>(image_.batch * image_.pooled());
    return {x + y, 4 * static_cast<double>(passes) * (x + y)};
  }

  PooledImage image_;
};

// Items are sets of rows of windows.
class Pool final : public PoolOperator {
 public:
  Pool(PooledImage image, decltype(PoolKernels::max_pool_nd) kernel)
      : PoolOperator(std::move(image)),
        kernel_(kernel),
        split_(Split::by_elements(
            image_.pooled() == 0 ? 0 : image_.batch * image_.depth.out * image_.height.out,
            std::max(image_.image() / std::max<int64_t>(1, image_.depth.out * image_.height.out),
                     image_.width.out * image_.channels))) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override { return cost_of(1); }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t rows = image_.height.out;
    for (int64_t row = split_.begin(item); row < split_.end(item); ++row) {
      const float* x = at.input(0) + row / rows / image_.depth.out * image_.image();
      const PoolWindowsNd box =
          windows_at(row / rows % image_.depth.out, row % rows, image_.channels, x);
      kernel_(box, x, at.output(0) + row * image_.width.out * image_.channels);
    }
  }

 private:
  decltype(PoolKernels::max_pool_nd) kernel_;
  Split split_;
};

// Items are images, or groups of their channels: windows may overlap, so that one item must add up
// all shares of a pixel.
class PoolGrad final : public PoolOperator {
 public:
  PoolGrad(PooledImage image, bool follows_maximum, decltype(PoolKernels::max_pool_nd_grad) kernel)
      : PoolOperator(std::move(image)),
        follows_maximum_(follows_maximum),
        kernel_(kernel),
        channel_blocks_{image_.channels, std::max<int64_t>(1, image_.channels)} {
    const int64_t blocks = std::max<int64_t>(1, image_.image() / kItemElements);
    if (image_.channels > kChannelGroup && blocks > 1)
      channel_blocks_.grain =
          ceil_div(ceil_div(image_.channels, blocks), kChannelGroup) * kChannelGroup;
  }

  int64_t items(int) const override {
    return image_.image() == 0 ? 0 : image_.batch * channel_blocks_.items();
  }
  Cost cost() const override { return cost_of(follows_maximum_ ? 2 : 1); }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t n = item / channel_blocks_.items();
    const int64_t block = item % channel_blocks_.items();
    const int64_t channel = channel_blocks_.begin(block);
    const int64_t channels = channel_blocks_.size(block);
    const int64_t from = n * image_.image() + channel;
    float* dx = at.output(0) + from;
    for (int64_t p = 0; p < image_.image(); p += image_.channels)
      std::fill_n(dx + p, channels, 0.0f);
    int64_t pooled = n * image_.pooled() + channel;
    for (int64_t d = 0; d < image_.depth.out; ++d)
      for (int64_t i = 0; i < image_.height.out; ++i) {
        float* share = dx;
        const PoolWindowsNd box = windows_at(d, i, channels, share);
        const float* x = follows_maximum_ ? at.input(0) + from + (share - dx) : nullptr;
        const float* y = follows_maximum_ ? at.input(1) + pooled : nullptr;
        kernel_(box, x, y, at.input(follows_maximum_ ? 2 : 0) + pooled, share);
        pooled += image_.width.out * image_.channels;
      }
  }

 private:
  bool follows_maximum_;
  decltype(PoolKernels::max_pool_nd_grad) kernel_;
  Split channel_blocks_;
};

// Items are sets of rows of windows. Plain loops: only gradients of gradients come here.
class PoolSelect final : public PoolOperator {
 public:
  explicit PoolSelect(PooledImage image)
      : PoolOperator(std::move(image)),
        split_(Split::by_elements(
            image_.pooled() == 0 ? 0 : image_.batch * image_.depth.out * image_.height.out,
            std::max(image_.image() / std::max<int64_t>(1, image_.depth.out * image_.height.out),
                     image_.width.out * image_.channels))) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override { return cost_of(2); }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t rows = image_.height.out;
    for (int64_t row = split_.begin(item); row < split_.end(item); ++row) {
      const float* image = at.input(0) + row / rows / image_.depth.out * image_.image();
      const float* x = image;
      const PoolWindowsNd box =
          windows_at(row / rows % image_.depth.out, row % rows, image_.channels, x);
      const float* g = at.input(2) + (x - at.input(0));
      const int64_t first = row * image_.width.out * image_.channels;
      const float* y = at.input(1) + first;
      float* out = at.output(0) + first;
      for (int64_t j = 0; j < image_.width.out; ++j)
        for (int64_t c = 0; c < image_.channels; ++c, ++y, ++out)
          *out = chosen(box, image_.width.taps[static_cast<size_t>(j)], *y, x + c, g + c);
    }
  }

 private:
  // g where x first has `maximum` in a window; 0 if there is no pixel.
  float chosen(const PoolWindowsNd& box, const PoolTaps& columns, float maximum, const float* x,
               const float* g) const {
    const bool nan = maximum != maximum;
    for (int64_t p = 0; p < box.planes; ++p)
      for (int64_t r = 0; r < box.rows; ++r)
        for (int64_t t = 0; t < columns.count; ++t) {
          const int64_t at =
              p * box.plane + r * box.row + columns.first * image_.channels + t * box.column;
          if (nan ? x[at] != x[at] : x[at] == maximum) return g[at];
        }
    return 0.0f;
  }

  Split split_;
};

void check_counts(const OperatorSpec& spec, size_t inputs, const char* what) {
  check(spec.inputs.size() == inputs && spec.outputs.size() == 1, spec.op, ": takes ", what);
}

}  // namespace

std::unique_ptr<Operator> make_max_pool(const OperatorSpec& spec) {
  check_counts(spec, 1, "x and y");
  if (is_plain(spec, spec.inputs[0], false)) return make_max_pool2d(spec);
  return std::make_unique<Pool>(pooled_image(spec, spec.inputs[0], spec.outputs[0], false),
                                kernels().pool.max_pool_nd);
}

std::unique_ptr<Operator> make_average_pool(const OperatorSpec& spec) {
  check_counts(spec, 1, "x and y");
  if (is_plain(spec, spec.inputs[0], true)) return make_average_pool2d(spec);
  return std::make_unique<Pool>(pooled_image(spec, spec.inputs[0], spec.outputs[0], true),
                                kernels().pool.average_pool_nd);
}

std::unique_ptr<Operator> make_max_pool_grad(const OperatorSpec& spec) {
  check_counts(spec, 3, "x, y, dy and dx");
  if (is_plain(spec, spec.inputs[0], false)) return make_max_pool2d_grad(spec);
  PooledImage image = pooled_image(spec, spec.inputs[0], spec.inputs[1], false);
  check_float32(spec.op, "dy", spec.inputs[2], spec.inputs[1].shape);
  check_float32(spec.op, "dx", spec.outputs[0], spec.inputs[0].shape);
  return std::make_unique<PoolGrad>(std::move(image), true, kernels().pool.max_pool_nd_grad);
}

std::unique_ptr<Operator> make_max_pool_select(const OperatorSpec& spec) {
  check_counts(spec, 3, "x, y, g and the chosen pixels");
  PooledImage image = pooled_image(spec, spec.inputs[0], spec.inputs[1], false);
  check_float32(spec.op, "g", spec.inputs[2], spec.inputs[0].shape);
  check_float32(spec.op, "the chosen pixels", spec.outputs[0], spec.inputs[1].shape);
  return std::make_unique<PoolSelect>(std::move(image));
}

std::unique_ptr<Operator> make_average_pool_grad(const OperatorSpec& spec) {
  check_counts(spec, 1, "dy and dx");
  if (is_plain(spec, spec.outputs[0], true)) return make_average_pool2d_grad(spec);
  return std::make_unique<PoolGrad>(pooled_image(spec, spec.outputs[0], spec.inputs[0], true),
                                    false, kernels().pool.average_pool_nd_grad);
}

}  // namespace fastcnn
