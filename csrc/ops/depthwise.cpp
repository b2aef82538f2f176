#include "ops/depthwise.h"

#include <algorithm>

#include "kernels/table.h"
#include "ops/split.h"

namespace fastcnn {
namespace {

// Parts that the kernel gradient's sum over image rows is cut into, by shape alone.
constexpr int64_t kParts = 32;

// Tap rows [first, last) of the filter that lie inside the image for a row of positions, and the
// image row of the first.
struct TapRows {
  int64_t first, last;
  int64_t image_row;
};

TapRows forward_rows(const WindowAxis& axis, int64_t i) {
  const Window1d& w = axis.window;
  const int64_t top = i * w.stride - w.pad_before;
  const int64_t first = top >= 0 ? 0 : std::min(w.size, (-top + w.dilation - 1) / w.dilation);
  const int64_t room = axis.in - top;
  const int64_t last = room <= 0 ? 0 : std::min(w.size, (room + w.dilation - 1) / w.dilation);
  return {first, std::max(first, last), top + first * w.dilation};
}

class DepthwiseStep : public Step {
 public:
  explicit DepthwiseStep(const ConvShape& conv) : conv_(conv) {}

  Cost cost() const override {
    const auto x = static_cast<double>(conv_.batch * height().in * x_row());
    const auto y = static_cast<double>(conv_.batch * height().out * y_row());
    return {2 * y * static_cast<double>(conv_.taps()), 4 * (x + y)};
  }

 protected:
  const WindowAxis& height() const { return conv_.window.height; }
  const WindowAxis& width() const { return conv_.window.width; }
  int64_t channels() const { return conv_.in_channels; }
  int64_t x_row() const { return width().in * channels(); }
  int64_t y_row() const { return width().out * channels(); }
  int64_t kernel_row() const { return width().window.size * channels(); }

  // A row of output positions that reads x.
  DepthwiseRow forward_row(int64_t image, int64_t i, const float* x, const float* kernel,
                           TapRows* rows) const {
    *rows = forward_rows(height(), i);
    DepthwiseRow at{};
    at.positions = width().out;
    at.width = width().in;
    at.channels = channels();
    at.tap_rows = rows->last - rows->first;
    at.taps = width().window.size;
    at.scale = width().window.stride;
    at.shift = -width().window.pad_before;
    at.tap_shift = width().window.dilation;
    at.divisor = 1;
    at.x = x + (image * height().in + (at.tap_rows > 0 ? rows->image_row : 0)) * x_row();
    at.x_row = height().window.dilation * x_row();
    at.kernel = kernel + rows->first * kernel_row();
    at.kernel_row = kernel_row();
    return at;
  }

  ConvShape conv_;
  const KernelTable& kernels_ = kernels();
};

class Depthwise final : public DepthwiseStep {
 public:
  Depthwise(const ConvShape& conv, bool has_bias, Activation activation)
      : DepthwiseStep(conv),
        has_bias_(has_bias),
        activation_(activation),
        rows_(Split::by_elements(conv.batch * height().out, y_row())) {}

  int64_t items(int) const override { return y_row() == 0 ? 0 : rows_.items(); }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    for (int64_t n = rows_.begin(item); n < rows_.end(item); ++n) {
      TapRows rows{};
      DepthwiseRow row =
          forward_row(n / height().out, n % height().out, at.input(0), at.input(1), &rows);
      row.bias = has_bias_ ? at.input(2) : nullptr;
      row.activation = activation_;
      row.y = at.output(0) + n * y_row();
      kernels_.depthwise_row(row);
    }
  }

 private:
  bool has_bias_;
  Activation activation_;
  Split rows_;
};

class DepthwiseInputGrad final : public DepthwiseStep {
 public:
  explicit DepthwiseInputGrad(const ConvShape& conv)
      : DepthwiseStep(conv), rows_(Split::by_elements(conv.batch * height().in, x_row())) {}

  int64_t items(int) const override { return x_row() == 0 ? 0 : rows_.items(); }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const Window1d& h = height().window;
    const Window1d& w = width().window;
    for (int64_t n = rows_.begin(item); n < rows_.end(item); ++n) {
      const int64_t image = n / height().in;
      float* dx = at.output(0) + n * x_row();
      DepthwiseRow row{};
      row.positions = width().in;
      row.width = width().out;
      row.channels = channels();
      row.taps = w.size;
      row.scale = 1;
      row.shift = w.pad_before;
      row.tap_shift = -w.dilation;
      row.divisor = w.stride;
      row.tap_rows = 1;
      row.y = dx;
      // Tap rows that meet this row lie at no constant distance, so they come one by one; the
      // first writes, the others add to what is there.
      bool written = false;
      for (int64_t r = 0; r < h.size; ++r) {
        const int64_t numerator = n % height().in + h.pad_before - r * h.dilation;
        if (numerator < 0 || numerator % h.stride != 0 || numerator / h.stride >= height().out)
          continue;
        row.x = at.input(0) + (image * height().out + numerator / h.stride) * y_row();
        row.kernel = at.input(1) + r * kernel_row();
        row.add = written;
        kernels_.depthwise_row(row);
        written = true;
      }
      if (!written) std::fill(dx, dx + x_row(), 0.0f);
    }
  }

 private:
  Split rows_;
};

// Phase 0 sums parts of the image rows, phase 1 adds the parts in order.
class DepthwiseKernelGrad final : public DepthwiseStep {
 public:
  explicit DepthwiseKernelGrad(const ConvShape& conv)
      : DepthwiseStep(conv), image_rows_(conv.batch * height().out) {
    parts_ = std::clamp<int64_t>(image_rows_ * y_row() / kItemElements, 1, kParts);
    sums_ = Split::by_elements(numbers(), parts_);
  }

  int phases() const override { return 2; }
  int64_t items(int phase) const override {
    if (numbers() == 0) return 0;
    return phase == 0 ? parts_ : sums_.items();
  }
  int64_t scratch_bytes() const override { return parts_ * numbers() * 4; }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* scratch = reinterpret_cast<float*>(at.scratch);
    if (phase == 1)
      return kernels_.sum_rows(parts_, sums_.size(item), scratch + sums_.begin(item), numbers(),
                               at.output(0) + sums_.begin(item));
    float* dkernel = scratch + item * numbers();
    std::fill(dkernel, dkernel + numbers(), 0.0f);
    for (int64_t n = image_rows_ * item / parts_; n < image_rows_ * (item + 1) / parts_; ++n) {
      TapRows rows{};
      DepthwiseRow row =
          forward_row(n / height().out, n % height().out, at.input(0), dkernel, &rows);
      row.dy = at.input(1) + n * y_row();
      kernels_.depthwise_kernel_grad_row(row, dkernel + rows.first * kernel_row());
    }
  }

 private:
  int64_t numbers() const { return height().window.size * kernel_row(); }

  int64_t image_rows_;
  int64_t parts_;
  Split sums_;
};

}  // namespace

bool is_depthwise(const ConvShape& conv) {
  return conv.groups > 1 && conv.groups == conv.in_channels && conv.groups == conv.out_channels;
}

std::unique_ptr<Step> make_depthwise(const ConvShape& conv, bool has_bias, Activation activation) {
  return std::make_unique<Depthwise>(conv, has_bias, activation);
}

std::unique_ptr<Step> make_depthwise_input_grad(const ConvShape& conv) {
  return std::make_unique<DepthwiseInputGrad>(conv);
}

std::unique_ptr<Step> make_depthwise_kernel_grad(const ConvShape& conv) {
  return std::make_unique<DepthwiseKernelGrad>(conv);
}

}  // namespace fastcnn
