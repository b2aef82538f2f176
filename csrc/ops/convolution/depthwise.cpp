#include "ops/convolution/depthwise.h"

#include <algorithm>

#include "base/memory.h"
#include "base/partition.h"
#include "kernels/convolution/table.h"
#include "kernels/dispatch/table.h"
#include "kernels/reduction/table.h"

namespace fastcnn {
namespace {

// Parts that the kernel gradient's sum over image rows is cut into, by shape alone.
constexpr int64_t kParts = 32;
// Kernels take so many rows at once, where they can.
constexpr int64_t kRowGroup = 4;
// Channels are cut in multiples of this: a few vectors of any instruction set, and whole lines.
constexpr int64_t kChannelGroup = 64;
// Elements in the least item worth sharing: about a microsecond.
constexpr int64_t kLeastElements = 4096;
// More than this does not lie in the cache next to the core: the next rows are prefetched early.
constexpr int64_t kFarBytes = int64_t{1} << 20;
// More than this lies in no cache when the next operator wants it: it is written with non-temporal
// stores.
constexpr int64_t kNonTemporalBytes = int64_t{16} << 20;

// Positions of all images, cut into blocks of rows and of channels; or sets of small images.
struct DepthwiseCut {
  DepthwiseCut(int64_t images, int64_t rows, int64_t width, int64_t channels)
      : empty(images * rows * width * channels == 0) {
    const int64_t total = images * rows * width * channels;
    const int64_t wanted = std::clamp(total / 16, kLeastElements, kItemElements);
    const int64_t group = std::max<int64_t>(1, std::min(rows, kRowGroup) * width);
    channel_blocks = {channels, std::max<int64_t>(1, channels)};
    if (group * channels > 2 * wanted)
      channel_blocks.grain = std::max<int64_t>(1, wanted / group / kChannelGroup) * kChannelGroup;
    const int64_t row = width * channel_blocks.grain;
    row_blocks = {rows,
                  std::max<int64_t>(1, wanted / (group * channel_blocks.grain + 1)) * kRowGroup};
    image_sets = {images, 1};
    if (row_blocks.items() <= 1) image_sets = Split::by_elements(images, rows * row, wanted);
  }

  int64_t items() const {
    return empty ? 0 : image_sets.items() * row_blocks.items() * channel_blocks.items();
  }

  bool empty;
  Split image_sets, row_blocks, channel_blocks;
};

class DepthwiseStep : public Operator {
 public:
  explicit DepthwiseStep(const ConvShape& conv) : conv_(conv) {}

  std::string algorithm() const override { return "depthwise"; }
  Cost cost() const override {
    const auto x = static_cast<double>(conv_.batch * x_image());
    const auto y = static_cast<double>(conv_.batch * y_image());
    return {2 * y * static_cast<double>(conv_.taps()), 4 * (x + y)};
  }

 protected:
  const WindowAxis& height() const { return conv_.window.height; }
  const WindowAxis& width() const { return conv_.window.width; }
  int64_t channels() const { return conv_.in_channels; }
  int64_t x_image() const { return height().in * width().in * channels(); }
  int64_t y_image() const { return height().out * width().out * channels(); }

  // What all rows have in common; of `count` channels.
  DepthwiseRows rows_of(int64_t count) const {
    const auto places = [](const WindowAxis& axis) {
      const Window1d& w = axis.window;
      return WindowPlaces{axis.in, axis.out, w.size, w.stride, w.dilation, w.pad_before};
    };
    DepthwiseRows rows{};
    rows.rows = places(height());
    rows.columns = places(width());
    rows.channels = count;
    rows.pixel = channels();
    rows.prefetch = 4 * conv_.batch * (x_image() + y_image()) > kFarBytes;
    rows.kernel_row = width().window.size * channels();
    rows.kernel_tap = channels();
    return rows;
  }

  // Calls body(rows, image, first channel) for what an item covers.
  template <class Body>
  void for_images(const DepthwiseCut& cut, int64_t item, const Body& body) const {
    const int64_t channel = item % cut.channel_blocks.items();
    item /= cut.channel_blocks.items();
    const int64_t block = item % cut.row_blocks.items();
    item /= cut.row_blocks.items();
    DepthwiseRows rows = rows_of(cut.channel_blocks.size(channel));
    rows.begin = cut.row_blocks.begin(block);
    rows.end = cut.row_blocks.end(block);
    for (int64_t n = cut.image_sets.begin(item); n < cut.image_sets.end(item); ++n)
      body(rows, n, cut.channel_blocks.begin(channel));
  }

  // Whether `result`, numbers for all images, is written with non-temporal stores: every vector of
  // it must be a line.
  bool non_temporal(int64_t numbers, const float* result) const {
    return 4 * numbers > kNonTemporalBytes && channels() * 4 % kAlignment == 0 &&
           reinterpret_cast<uintptr_t>(result) % kAlignment == 0;
  }

  ConvShape conv_;
  const KernelTable& kernels_ = kernels();
};

class Depthwise final : public DepthwiseStep {
 public:
  Depthwise(const ConvShape& conv, const Epilogue& epilogue)
      : DepthwiseStep(conv),
        epilogue_(epilogue),
        cut_(conv.batch, height().out, width().out, channels()) {}

  int64_t items(int) const override { return cut_.items(); }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    for_images(cut_, item, [&](DepthwiseRows& rows, int64_t n, int64_t channel) {
      rows.kernel = at.input(1) + channel;
      const float* bias = epilogue_.bias_of(at);
      rows.bias = bias != nullptr ? bias + channel : nullptr;
      rows.activation = epilogue_.activation;
      // The other activations read it again.
      rows.non_temporal = applied_in_registers(epilogue_.activation) &&
                          non_temporal(conv_.batch * y_image(), at.output(0));
      kernels_.depthwise.depthwise_rows(rows, at.input(0) + n * x_image() + channel,
                                        at.output(0) + n * y_image() + channel);
    });
  }

 private:
  Epilogue epilogue_;
  DepthwiseCut cut_;
};

class DepthwiseInputGrad final : public DepthwiseStep {
 public:
  explicit DepthwiseInputGrad(const ConvShape& conv)
      : DepthwiseStep(conv), cut_(conv.batch, height().in, width().in, channels()) {}

  int64_t items(int) const override { return cut_.items(); }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    for_images(cut_, item, [&](DepthwiseRows& rows, int64_t n, int64_t channel) {
      rows.kernel = at.input(1) + channel;
      rows.non_temporal = non_temporal(conv_.batch * x_image(), at.output(0));
      kernels_.depthwise.depthwise_input_grad_rows(rows, at.input(0) + n * y_image() + channel,
                                                   at.output(0) + n * x_image() + channel);
    });
  }

 private:
  DepthwiseCut cut_;
};

// Phase 0 sums parts of the image rows, each for blocks of channels; phase 1 adds the parts in
// order. A single part is the result.
class DepthwiseKernelGrad final : public DepthwiseStep {
 public:
  explicit DepthwiseKernelGrad(const ConvShape& conv)
      : DepthwiseStep(conv), row_blocks_{height().out, kRowGroup}, channel_blocks_{channels(), 1} {
    const int64_t total = conv.batch * y_image();
    const int64_t wanted = std::clamp(total / 16, kLeastElements, kItemElements);
    units_ = conv.batch * row_blocks_.items();
    parts_ = std::clamp<int64_t>(std::min(units_, total / kItemElements), 1, kParts);
    const int64_t blocks = std::clamp<int64_t>(total / parts_ / wanted, 1,
                                               std::max<int64_t>(1, channels() / kChannelGroup));
    channel_blocks_.grain = std::max<int64_t>(1, (channels() + blocks - 1) / blocks);
    if (blocks > 1)
      channel_blocks_.grain =
          (channel_blocks_.grain + kChannelGroup - 1) / kChannelGroup * kChannelGroup;
    sums_ = Split::by_elements(numbers(), parts_);
  }

  int phases() const override { return parts_ > 1 ? 2 : 1; }
  int64_t items(int phase) const override {
    if (numbers() == 0) return 0;
    return phase == 0 ? parts_ * channel_blocks_.items() : sums_.items();
  }
  int64_t scratch_bytes() const override { return parts_ > 1 ? parts_ * numbers() * 4 : 0; }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    auto* scratch = reinterpret_cast<float*>(at.scratch);
    if (phase == 1)
      return kernels_.reduction.sum_rows(parts_, sums_.size(item), scratch + sums_.begin(item),
                                         numbers(), at.output(0) + sums_.begin(item));
    const int64_t part = item / channel_blocks_.items();
    const int64_t block = item % channel_blocks_.items();
    const int64_t channel = channel_blocks_.begin(block);
    DepthwiseRows rows = rows_of(channel_blocks_.size(block));
    float* dkernel = (parts_ > 1 ? scratch + part * numbers() : at.output(0)) + channel;
    for (int64_t t = 0; t < conv_.taps(); ++t)
      std::fill_n(dkernel + t * channels(), rows.channels, 0.0f);
    for (int64_t unit = units_ * part / parts_; unit < units_ * (part + 1) / parts_; ++unit) {
      const int64_t n = unit / row_blocks_.items();
      rows.begin = row_blocks_.begin(unit % row_blocks_.items());
      rows.end = row_blocks_.end(unit % row_blocks_.items());
      kernels_.depthwise_filter_grad.depthwise_kernel_grad_rows(
          rows, at.input(0) + n * x_image() + channel, at.input(1) + n * y_image() + channel,
          dkernel);
    }
  }

 private:
  int64_t numbers() const { return conv_.taps() * channels(); }

  Split row_blocks_, channel_blocks_;
  int64_t units_;  // blocks of rows of all images
  int64_t parts_;
  Split sums_;
};

}  // namespace

std::unique_ptr<Operator> make_depthwise(const ConvShape& conv, const Epilogue& epilogue) {
  return std::make_unique<Depthwise>(conv, epilogue);
}

std::unique_ptr<Operator> make_depthwise_input_grad(const ConvShape& conv) {
  return std::make_unique<DepthwiseInputGrad>(conv);
}

std::unique_ptr<Operator> make_depthwise_kernel_grad(const ConvShape& conv) {
  return std::make_unique<DepthwiseKernelGrad>(conv);
}

}  // namespace fastcnn
