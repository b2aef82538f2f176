#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "engine/operator.h"

namespace fastcnn {

// Sizes, strides and padding above this are refused: no real network comes near, and products of
// them with an extent stay far from overflow.
constexpr int64_t kMaxWindow = int64_t{1} << 20;
constexpr int64_t kMaxTaps = int64_t{1} << 20;

// A window that slides along one axis.
struct Window1d {
  int64_t size, stride, dilation, pad_before, pad_after;
  // Input positions from the first to the last tap, plus one.
  int64_t reach() const { return (size - 1) * dilation + 1; }
};

// An image axis before and after a window slid along it.
struct WindowAxis {
  int64_t in, out;
  Window1d window;
};

// The axes of an image, outermost first. One that an image does not have is a single position
// under a window of one.
struct Window {
  WindowAxis depth, height, width;

  std::array<const WindowAxis*, 3> axes() const { return {&depth, &height, &width}; }
  int64_t taps() const { return depth.window.size * height.window.size * width.window.size; }
  int64_t positions_in() const { return depth.in * height.in * width.in; }
  int64_t positions_out() const { return depth.out * height.out * width.out; }
};

// Reads "strides", "padding" (before and after, axis by axis) and "dilation" of a window and checks
// them, and that images of shape `in` (batch, 1 to 3 axes, channels), whose rank has been checked
// to be that of `out`, give those of `out`. `size`: of the window, a number for each axis.
Window window_from(const OperatorSpec& spec, const std::vector<int64_t>& size, const Shape& in,
                   const Shape& out);

}  // namespace fastcnn
