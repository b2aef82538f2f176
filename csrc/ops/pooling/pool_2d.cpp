#include "ops/pooling/pool_2d.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/pooling/table.h"
#include "ops/common/operand_checks.h"
#include "ops/common/window.h"

namespace fastcnn {
namespace {

// Floats of the image that one work item reads: about 10 microseconds, and little enough for x,
// y and dx to meet in the second-level cache.
constexpr int64_t kItemFloats = 32 * 1024;
// Of windows that overlap, the least rows of an item: it goes through one or two rows above once
// more, for what they share with its own.
constexpr int64_t kLeastRows = 6;

struct PoolShape {
  int64_t batch, channels;
  Window window;

  int64_t image() const { return window.height.in * window.width.in * channels; }
  int64_t pooled() const { return window.height.out * window.width.out * channels; }
  // Rows [first, last) of the image that window row i reaches.
  int64_t first_row(int64_t i) const {
    const WindowAxis& h = window.height;
    return std::clamp(i * h.window.stride - h.window.pad_before, int64_t{0}, h.in);
  }
  int64_t last_row(int64_t i) const {
    const WindowAxis& h = window.height;
    return std::clamp(i * h.window.stride - h.window.pad_before + h.window.size, int64_t{0}, h.in);
  }
};

PoolShape pool_shape(const OperatorSpec& spec, const Operand& x, const Operand& y) {
  const int rank = x.shape.rank();
  check(rank == 3 || rank == 4, spec.op, ": x must have rank 3 or 4, got shape ", x.shape.text());
  check_float32(spec.op, "x", x, rank);
  check_float32(spec.op, "y", y, rank);
  check(x.shape[0] == y.shape[0] && x.shape.back() == y.shape.back(), spec.op, ": x ",
        x.shape.text(), " and y ", y.shape.text(), " differ in batch or channels");
  const PoolShape shape{x.shape[0], x.shape.back(),
                        window_from(spec, spec.attrs.integers("size"), x.shape, y.shape)};
  check(shape.window.height.window.dilation == 1 && shape.window.width.window.dilation == 1,
        spec.op, ": dilation must be 1");
  return shape;
}

// What forward and backward have in common: work items are sets of small images, or blocks of
// window rows of large ones.
class PoolOperator : public Operator {
 public:
  explicit PoolOperator(const PoolShape& shape, int64_t least_rows = 1) : shape_(shape) {
    const int64_t image = std::max<int64_t>(shape.image(), 1);
    set_ = std::max<int64_t>(1, kItemFloats / image);
    const int64_t rows = std::max<int64_t>(shape.window.height.out, 1);
    const int64_t blocks = std::clamp<int64_t>(image / kItemFloats, 1, rows);
    block_rows_ = std::max(ceil_div(rows, blocks), std::min(least_rows, rows));
    blocks_ = ceil_div(rows, block_rows_);
  }

 protected:
  // Of an operator that writes `image` numbers of each image.
  int64_t items_for(int64_t image) const {
    return image == 0 ? 0 : (shape_.batch + set_ - 1) / set_ * blocks_;
  }

  // A block of window rows of several images.
  struct Item {
    int64_t image_begin, image_end;
    int64_t row_begin, row_end;
  };
  Item item_at(int64_t item) const {
    const int64_t image = item / blocks_ * set_;
    const int64_t row = item % blocks_ * block_rows_;
    return {image, std::min(image + set_, shape_.batch), row,
            std::min(row + block_rows_, shape_.window.height.out)};
  }
  PoolWindows windows_at(int64_t i) const {
    const WindowAxis& w = shape_.window.width;
    return {shape_.last_row(i) - shape_.first_row(i),
            w.in * shape_.channels,
            w.in,
            shape_.channels,
            w.out,
            w.window.size,
            w.window.stride,
            w.window.pad_before,
            1,
            false};
  }
  // Whether `result`, numbers for all images, is written with non-temporal stores: each pixel must
  // begin on a line.
  bool non_temporal(int64_t image, const float* result) const {
    return 4 * shape_.batch * image > kNonTemporalResult && shape_.channels * 4 % kAlignment == 0 &&
           reinterpret_cast<uintptr_t>(result) % kAlignment == 0;
  }
  // `passes`: over x and over y.
  Cost cost_of(int64_t x_passes, int64_t y_passes) const {
    const auto x = static_cast<double>(shape_.batch * shape_.image());
    const auto y = static_cast<double>(shape_.batch * shape_.pooled());
    const auto taps = static_cast<double>(shape_.window.height.window.size) *
                      static_cast<double>(shape_.window.width.window.size);
    return {y * taps, 4 * (x * static_cast<double>(x_passes) + y * static_cast<double>(y_passes))};
  }

  PoolShape shape_;

 private:
  int64_t set_;         // images of an item
  int64_t block_rows_;  // window rows of an item
  int64_t blocks_;      // of an image
};

class Pool2d final : public PoolOperator {
 public:
  Pool2d(const PoolShape& shape, decltype(Pool2dKernels::max_pool_row) kernel)
      : PoolOperator(shape),
        in_pairs_(shape.window.width.window.size == 3 && shape.window.width.window.stride <= 2 &&
                  shape.window.height.window.stride == shape.window.width.window.stride),
        kernel_(kernel) {}

  int64_t items(int) const override { return items_for(shape_.pooled()); }
  Cost cost() const override { return cost_of(1, 1); }

  void run(int, int64_t number, const Buffers& at) const noexcept override {
    const Item item = item_at(number);
    const int64_t y_row = shape_.window.width.out * shape_.channels;
    const bool store_non_temporal = non_temporal(shape_.pooled(), at.output(0));
    for (int64_t n = item.image_begin; n < item.image_end; ++n) {
      const float* x = at.input(0) + n * shape_.image();
      float* y = at.output(0) + n * shape_.pooled();
      for (int64_t i = item.row_begin; i < item.row_end;) {
        PoolWindows windows = windows_at(i);
        windows.non_temporal = store_non_temporal;
        if (in_pairs_ && i + 1 < item.row_end && windows.rows == 3 && windows_at(i + 1).rows == 3)
          windows.lines = 2;
        kernel_(windows, x + shape_.first_row(i) * windows.row, y + i * y_row);
        i += windows.lines;
      }
    }
  }

 private:
  bool in_pairs_;  // of rows of windows, where all their rows lie inside
  decltype(Pool2dKernels::max_pool_row) kernel_;
};

// An item owns the rows of dx from its first window row's to the next item's. Where windows do
// not overlap, every number of dx is written exactly once. Where they do, a pixel gets its shares
// in row-major order of the windows, wherever the items are cut.
class Pool2dGrad final : public PoolOperator {
 public:
  // Without `follows_maximum` dy is the only input.
  Pool2dGrad(const PoolShape& shape, bool follows_maximum,
             decltype(PoolKernels::max_pool_grad_row) kernel)
      : PoolOperator(shape),
        follows_maximum_(follows_maximum),
        overlap_(overlaps(shape.window.height) || overlaps(shape.window.width)),
        kernel_(kernel) {}

  int64_t items(int) const override { return items_for(shape_.image()); }
  std::string algorithm() const override { return "by windows"; }
  Cost cost() const override { return follows_maximum_ ? cost_of(2, 2) : cost_of(1, 1); }

  void run(int, int64_t number, const Buffers& at) const noexcept override {
    const Item item = item_at(number);
    const WindowAxis& h = shape_.window.height;
    const int64_t own_begin = item.row_begin == 0 ? 0 : shape_.first_row(item.row_begin);
    const int64_t own_end = item.row_end == h.out ? h.in : shape_.first_row(item.row_end);
    if (own_begin == own_end) return;
    for (int64_t n = item.image_begin; n < item.image_end; ++n)
      run_image(n, own_begin, own_end, at);
  }

 private:
  static bool overlaps(const WindowAxis& axis) { return axis.window.stride < axis.window.size; }

  void run_image(int64_t n, int64_t own_begin, int64_t own_end, const Buffers& at) const noexcept {
    const WindowAxis& h = shape_.window.height;
    const int64_t x_row = shape_.window.width.in * shape_.channels;
    const int64_t y_row = shape_.window.width.out * shape_.channels;
    float* dx = at.output(0) + n * shape_.image();
    const auto clear_rows = [&](int64_t begin, int64_t end) {
      if (begin < end)
        std::memset(dx + begin * x_row, 0, static_cast<size_t>((end - begin) * x_row) * sizeof *dx);
    };
    if (overlap_) clear_rows(own_begin, own_end);
    int64_t done = own_begin;
    for (int64_t i = first_reaching(own_begin); i < h.out; ++i) {
      const int64_t begin = shape_.first_row(i);
      const int64_t end = shape_.last_row(i);
      if (begin >= own_end) break;
      if (begin == end) continue;
      if (!overlap_) clear_rows(done, begin);
      done = end;
      const int64_t x_at = n * shape_.image() + begin * x_row;
      const int64_t y_at = n * shape_.pooled() + i * y_row;
      PoolGradient grad{};
      if (follows_maximum_) {
        grad.x = at.input(0) + x_at;
        grad.y = at.input(1) + y_at;
      }
      grad.dy = at.input(follows_maximum_ ? 2 : 0) + y_at;
      grad.dx = at.output(0) + x_at;
      grad.own_begin = std::max(own_begin - begin, int64_t{0});
      grad.own_end = std::min(own_end, end) - begin;
      grad.add = overlap_;
      kernel_(windows_at(i), grad);
    }
    if (!overlap_) clear_rows(done, own_end);
  }

  // The first window row that reaches image row `row` or one below.
  int64_t first_reaching(int64_t row) const {
    const Window1d& w = shape_.window.height.window;
    const int64_t above = row + w.pad_before - w.size;
    return above < 0 ? 0 : above / w.stride + 1;
  }

  bool follows_maximum_;
  bool overlap_;
  decltype(PoolKernels::max_pool_grad_row) kernel_;
};

// Windows of 3 x 3 that slide by 1 or 2, and of 2 x 2 by 2. An item owns the rows of dx from its
// first window row's to the next item's, and goes through the windows above that reach them too.
class Pool2dSlide final : public PoolOperator {
 public:
  static bool serves(const Window& window) {
    const Window1d& h = window.height.window;
    const Window1d& w = window.width.window;
    if (h.size != w.size || h.stride != w.stride) return false;
    return (h.size == 3 && h.stride <= 2) || (h.size == 2 && h.stride == 2);
  }

  Pool2dSlide(const PoolShape& shape, bool follows_maximum,
              decltype(SlidingPoolKernels::sliding_max_pool_grad) kernel)
      : PoolOperator(shape, shared(shape) > 0 ? kLeastRows : 1),
        follows_maximum_(follows_maximum),
        kernel_(kernel) {}

  int64_t items(int) const override { return items_for(shape_.image()); }
  std::string algorithm() const override { return "sliding"; }
  Cost cost() const override { return follows_maximum_ ? cost_of(2, 2) : cost_of(1, 1); }
  int64_t thread_scratch_bytes() const override { return 4 * shared(shape_) * x_row(); }

  void run(int, int64_t number, const Buffers& at) const noexcept override {
    const Item item = item_at(number);
    const WindowAxis& h = shape_.window.height;
    const int64_t stride = h.window.stride;
    // Window rows above that reach the first row.
    const int64_t above = ceil_div(shared(shape_), stride);
    const bool store_non_temporal = non_temporal(shape_.image(), at.output(0));
    for (int64_t n = item.image_begin; n < item.image_end; ++n) {
      const int64_t begin = std::max(item.row_begin - above, int64_t{0});
      for (int64_t i = begin; i < item.row_end; ++i) {
        SlidingPool grad = slide_at(n, i, at);
        if (i < item.row_begin) grad.dx = nullptr;
        grad.fresh = i == begin;
        grad.non_temporal = store_non_temporal;
        kernel_(windows_at(i), grad);
      }
      if (item.row_end == h.out) finish(n, at);
    }
  }

 private:
  static int64_t shared(const PoolShape& shape) {
    return shape.window.height.window.size - shape.window.height.window.stride;
  }
  int64_t x_row() const { return shape_.window.width.in * shape_.channels; }
  // Of the image, may be outside.
  int64_t row_of(int64_t window) const {
    return window * shape_.window.height.window.stride - shape_.window.height.window.pad_before;
  }

  SlidingPool slide_at(int64_t n, int64_t i, const Buffers& at) const noexcept {
    const int64_t row = row_of(i);
    const int64_t x_at = n * shape_.image() + row * x_row();
    const int64_t y_at = n * shape_.pooled() + i * shape_.window.width.out * shape_.channels;
    SlidingPool grad{};
    grad.first = shape_.first_row(i) - row;
    grad.end = shape_.last_row(i) - row;
    if (follows_maximum_) {
      grad.x = at.input(0) + x_at;
      grad.y = at.input(1) + y_at;
    }
    grad.dy = at.input(follows_maximum_ ? 2 : 0) + y_at;
    grad.dx = at.output(0) + x_at;
    grad.carried = reinterpret_cast<float*>(at.thread_scratch);
    return grad;
  }

  // The rows that only the last windows reach, and those below.
  void finish(int64_t n, const Buffers& at) const noexcept {
    const WindowAxis& h = shape_.window.height;
    float* dx = at.output(0) + n * shape_.image();
    const auto* kept = reinterpret_cast<const float*>(at.thread_scratch);
    const int64_t below = row_of(h.out);
    for (int64_t row = std::max(below, int64_t{0}); row < h.in; ++row) {
      float* to = dx + row * x_row();
      if (h.out > 0 && row - below < shared(shape_))
        std::copy_n(kept + (row - below) * x_row(), x_row(), to);
      else
        std::fill_n(to, x_row(), 0.0f);
    }
  }

  bool follows_maximum_;
  decltype(SlidingPoolKernels::sliding_max_pool_grad) kernel_;
};

// Work items are sets of pairs of image rows: those of one row of windows.
class Unpool2d final : public Operator {
 public:
  explicit Unpool2d(const Shape& dx)
      : height_(dx[1]),
        width_(dx[2]),
        channels_(dx[3]),
        pairs_((height_ + 1) / 2),
        split_(Split::by_elements(dx[0] * pairs_, 2 * width_ * channels_)) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const auto dx = static_cast<double>(split_.total * 2 * width_ * channels_);
    return {dx, dx * 4 + dx / 4 * 5};
  }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t row = width_ * channels_;
    const int64_t windows = width_ / 2;
    for (int64_t i = split_.begin(item); i < split_.end(item); ++i) {
      const int64_t image = i / pairs_;
      const int64_t pair = i % pairs_;
      float* top = at.output(0) + (image * height_ + 2 * pair) * row;
      if (2 * pair + 1 == height_) {  // below the last window
        std::fill(top, top + row, 0.0f);
        continue;
      }
      const int64_t pooled = (image * (height_ / 2) + pair) * windows * channels_;
      kernels_.pool.max_unpool_row(windows, channels_, at.input<uint8_t>(0) + pooled,
                                   at.input(1) + pooled, top, top + row);
      for (float* line : {top, top + row})  // right of the last window
        std::fill(line + 2 * windows * channels_, line + row, 0.0f);
    }
  }

 private:
  int64_t height_, width_, channels_;
  int64_t pairs_;  // of rows in an image, the last may be single
  Split split_;
  const KernelTable& kernels_ = kernels();
};

void check_counts(const OperatorSpec& spec, size_t inputs, const char* what) {
  check(spec.inputs.size() == inputs && spec.outputs.size() == 1, spec.op, ": takes ", what);
}

}  // namespace

std::unique_ptr<Operator> make_max_pool2d(const OperatorSpec& spec) {
  check_counts(spec, 1, "x and y");
  return std::make_unique<Pool2d>(pool_shape(spec, spec.inputs[0], spec.outputs[0]),
                                  kernels().pool_2d.max_pool_row);
}

std::unique_ptr<Operator> make_average_pool2d(const OperatorSpec& spec) {
  check_counts(spec, 1, "x and y");
  return std::make_unique<Pool2d>(pool_shape(spec, spec.inputs[0], spec.outputs[0]),
                                  kernels().pool_2d.average_pool_row);
}

std::unique_ptr<Operator> make_max_pool2d_grad(const OperatorSpec& spec) {
  check_counts(spec, 3, "x, y, dy and dx");
  const PoolShape shape = pool_shape(spec, spec.inputs[0], spec.inputs[1]);
  check_float32(spec.op, "dy", spec.inputs[2], spec.inputs[1].shape);
  check_float32(spec.op, "dx", spec.outputs[0], spec.inputs[0].shape);
  if (Pool2dSlide::serves(shape.window))
    return std::make_unique<Pool2dSlide>(shape, true, kernels().sliding_pool.sliding_max_pool_grad);
  return std::make_unique<Pool2dGrad>(shape, true, kernels().pool.max_pool_grad_row);
}

std::unique_ptr<Operator> make_average_pool2d_grad(const OperatorSpec& spec) {
  check_counts(spec, 1, "dy and dx");
  const PoolShape shape = pool_shape(spec, spec.outputs[0], spec.inputs[0]);
  if (Pool2dSlide::serves(shape.window))
    return std::make_unique<Pool2dSlide>(shape, false,
                                         kernels().sliding_pool.sliding_average_pool_grad);
  return std::make_unique<Pool2dGrad>(shape, false, kernels().pool.average_pool_grad_row);
}

std::unique_ptr<Operator> make_max_pool2d_argmax_grad(const OperatorSpec& spec) {
  check_counts(spec, 2, "argmax, dy and dx");
  check_float32(spec.op, "dx", spec.outputs[0], 4);
  const Shape& dx = spec.outputs[0].shape;
  const Shape pooled({dx[0], dx[1] / 2, dx[2] / 2, dx[3]});
  check_operand(spec.op, "argmax", spec.inputs[0], DType::u8, 4);
  check_shape(spec.op, "argmax", spec.inputs[0], pooled);
  check_float32(spec.op, "dy", spec.inputs[1], pooled);
  return std::make_unique<Unpool2d>(dx);
}

}  // namespace fastcnn
