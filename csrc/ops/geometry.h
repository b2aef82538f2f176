#pragma once
#include <cstdint>
#include <string>

#include "engine/step.h"
#include "kernels/arguments.h"

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

struct Window2d {
  WindowAxis height, width;
};

// Throws std::invalid_argument unless dtype and rank of an operand are as said; `name` is the
// argument's.
void check_operand(const std::string& op, const char* name, const Operand& operand, DType dtype,
                   int rank);
void check_shape(const std::string& op, const char* name, const Operand& operand,
                 const Shape& expected);

// Reads "strides", "padding" (top, bottom, left, right) and "dilation" of a window of size_h x
// size_w and checks them and that an in_h x in_w image gives out_h x out_w.
Window2d window_from(const StepSpec& spec, int64_t size_h, int64_t size_w, const Shape& in,
                     const Shape& out);

// "none", "relu", "sigmoid" or "tanh".
Activation activation_from(const StepSpec& spec);

}  // namespace fastcnn
