#include "ops/movement/movement.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "base/check.h"
#include "base/dtype_visit.h"
#include "base/memory.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/movement/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

// How far both sides move from one position of an axis to the next, in elements.
struct Axis {
  int64_t size, from, to;
};

// Rows at least so long are written with non-temporal stores even where they begin within a cache
// line.
constexpr int64_t kLongRow = 4096;
// Of a transpose: rows that one item takes of a matrix with many.
constexpr int64_t kTransposeRows = 64;

bool on_lines(const void* p, int64_t distance) {
  return (reinterpret_cast<uintptr_t>(p) | static_cast<uintptr_t>(distance)) % kAlignment == 0;
}

// `count` elements at given distances.
template <class T>
void move_row(int64_t count, const T* from, int64_t from_step, T* to, int64_t to_step) noexcept {
  if (to_step == 1 && from_step == 0)
    std::fill_n(to, count, *from);
  else
    for (int64_t i = 0; i < count; ++i) to[i * to_step] = from[i * from_step];
}

// A block of a matrix whose rows are contiguous in `to` and columns in `from`.
template <class T>
void transpose_block(int64_t rows, int64_t columns, const T* from, int64_t from_step, T* to,
                     int64_t to_row) noexcept {
  // Squares, so that the lines of both sides stay in the first-level cache until they are used up.
  constexpr int64_t kTile = 16;
  for (int64_t r = 0; r < rows; r += kTile)
    for (int64_t c = 0; c < columns; c += kTile) {
      const int64_t height = std::min(rows - r, kTile), width = std::min(columns - c, kTile);
      const T* p = from + r + c * from_step;
      T* q = to + r * to_row + c;
      for (int64_t j = 0; j < height; ++j)
        for (int64_t i = 0; i < width; ++i) q[j * to_row + i] = p[j + i * from_step];
    }
}

// Elements are moved as integers of their size.
template <size_t bytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using Type = uint8_t;
};
template <>
struct UnsignedOf<2> {
  using Type = uint16_t;
};
template <>
struct UnsignedOf<4> {
  using Type = uint32_t;
};
template <>
struct UnsignedOf<8> {
  using Type = uint64_t;
};

// Copies a block of elements between two strided places.
class StridedCopy {
 public:
  // Axes come outermost first.
  StridedCopy(DType dtype, std::vector<Axis> axes, int64_t from_first, int64_t to_first)
      : dtype_(dtype), from_first_(from_first), to_first_(to_first), kernels_(kernels()) {
    for (const Axis& axis : axes) {
      if (axis.size == 1) continue;
      // Merged with the axis outside it where both sides run on.
      if (!axes_.empty() && axes_.back().from == axis.from * axis.size &&
          axes_.back().to == axis.to * axis.size)
        axes_.back() = {axes_.back().size * axis.size, axis.from, axis.to};
      else
        axes_.push_back(axis);
    }
    while (axes_.size() < 2) axes_.insert(axes_.begin(), Axis{1, 0, 0});
    // The order of axes is free. A transpose wants the axis contiguous in x next to the last.
    if (axes_.back().from > 1)
      for (size_t i = 0; i + 1 < axes_.size(); ++i)
        if (axes_[i].from == 1) {
          std::rotate(axes_.begin() + static_cast<std::ptrdiff_t>(i),
                      axes_.begin() + static_cast<std::ptrdiff_t>(i) + 1, axes_.end() - 1);
          transposes_ = true;
          break;
        }
    int64_t rows = 1;
    for (size_t i = 0; i + 1 < axes_.size(); ++i) rows *= axes_[i].size;
    const int64_t columns = axes_.back().size;
    const int64_t rows_at_once =
        std::clamp<int64_t>(axes_[axes_.size() - 2].size, 1, kTransposeRows);
    pieces_ = {columns, transposes_ ? kItemElements / rows_at_once : kItemElements};
    rows_ = Split::by_elements(rows, std::min(columns, pieces_.grain));
    non_temporal_ = elements() >= kNonTemporalResult / size_of(dtype);
  }

  int64_t items() const { return rows_.items() * pieces_.items(); }
  int64_t elements() const { return rows_.total * pieces_.total; }

  void run(int64_t item, const void* from, void* to) const noexcept {
    visit(dtype_,
          [&](auto element) { run_as<typename UnsignedOf<sizeof element>::Type>(item, from, to); });
  }

 private:
  template <class T>
  void run_as(int64_t item, const void* from, void* to) const noexcept {
    const Axis& last = axes_.back();
    const Axis& next = axes_[axes_.size() - 2];
    const int64_t first = pieces_.begin(item % pieces_.items());
    const int64_t count = pieces_.size(item % pieces_.items());
    int64_t row = rows_.begin(item / pieces_.items());
    const int64_t end = rows_.end(item / pieces_.items());
    while (row < end) {
      const int64_t rows = std::min(end - row, next.size - row % next.size);
      int64_t a = from_first_ + first * last.from, b = to_first_ + first * last.to;
      int64_t rest = row;
      for (size_t i = axes_.size() - 1; i-- > 0;) {
        a += rest % axes_[i].size * axes_[i].from;
        b += rest % axes_[i].size * axes_[i].to;
        rest /= axes_[i].size;
      }
      const T* p = static_cast<const T*>(from) + a;
      T* q = static_cast<T*>(to) + b;
      if (transposes_ && last.to == 1)
        transpose_rows(rows, count, p, last.from, q, next.to);
      else if (last.to == 1 && last.from == 1)
        copy_rows(rows, count, p, next.from, q, next.to);
      else
        for (int64_t r = 0; r < rows; ++r, p += next.from, q += next.to)
          move_row(count, p, last.from, q, last.to);
      row += rows;
    }
  }

  template <class T>
  void copy_rows(int64_t rows, int64_t count, const T* from, int64_t from_row, T* to,
                 int64_t to_row) const noexcept {
    const auto width = static_cast<int64_t>(sizeof(T));
    const int64_t bytes = width * count;
    const bool non_temporal =
        non_temporal_ && (bytes >= kLongRow || on_lines(to, bytes | width * to_row));
    kernels_.movement.copy_rows({rows, bytes, reinterpret_cast<const uint8_t*>(from),
                                 width * from_row, reinterpret_cast<uint8_t*>(to), width * to_row,
                                 non_temporal});
  }

  template <class T>
  void transpose_rows(int64_t rows, int64_t columns, const T* from, int64_t from_step, T* to,
                      int64_t to_row) const noexcept {
    if constexpr (sizeof(T) == 4)
      kernels_.movement.transpose({rows, columns, reinterpret_cast<const float*>(from), from_step,
                                   reinterpret_cast<float*>(to), to_row, non_temporal_,
                                   non_temporal_ && on_lines(to, 4 * to_row)});
    else
      transpose_block(rows, columns, from, from_step, to, to_row);
  }

  DType dtype_;
  int64_t from_first_, to_first_;
  const KernelTable& kernels_;
  std::vector<Axis> axes_;
  bool transposes_ = false;
  bool non_temporal_ = false;
  Split pieces_, rows_;
};

// One copy into an output that may first be filled with zeros.
class Movement final : public Operator {
 public:
  Movement(StridedCopy copy, int64_t width, int64_t zeros)
      : copy_(std::move(copy)), width_(width), zeros_{zeros * width, 4 * kItemElements} {}

  int phases() const override { return zeros_.total > 0 ? 2 : 1; }
  int64_t items(int phase) const override {
    return phases() == 2 && phase == 0 ? zeros_.items() : copy_.items();
  }
  Cost cost() const override {
    return {0, static_cast<double>(width_) * 2 * static_cast<double>(copy_.elements()) +
                   static_cast<double>(zeros_.total)};
  }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    if (phases() == 2 && phase == 0)
      std::memset(at.output<std::byte>(0) + zeros_.begin(item), 0,
                  static_cast<size_t>(zeros_.size(item)));
    else
      copy_.run(item, at.in[0], at.out[0]);
  }

 private:
  StridedCopy copy_;
  int64_t width_;
  Split zeros_;
};

// Inputs laid side by side in each of `rows` rows of the output. An item takes its part of some
// rows from all of them, so that what it writes lies together.
class Concatenation final : public Operator {
 public:
  // `widths` are the bytes of a row of each input.
  Concatenation(int64_t rows, std::vector<int64_t> widths)
      : widths_(std::move(widths)),
        row_(std::accumulate(widths_.begin(), widths_.end(), int64_t{0})),
        pieces_{row_, kItemBytes},
        rows_(Split::by_elements(rows, row_, kItemBytes)),
        non_temporal_(rows * row_ >= kNonTemporalResult),
        copy_(kernels().movement.copy_rows) {}

  int64_t items(int) const override { return rows_.items() * pieces_.items(); }
  Cost cost() const override {
    return {0, 2.0 * static_cast<double>(rows_.total) * static_cast<double>(row_)};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = pieces_.begin(item % pieces_.items());
    const int64_t end = pieces_.end(item % pieces_.items());
    const int64_t row = rows_.begin(item / pieces_.items());
    const int64_t rows = rows_.size(item / pieces_.items());
    auto* y = at.output<uint8_t>(0) + row * row_;
    int64_t left = 0;  // of the input, in a row of the output
    for (size_t i = 0; i < widths_.size(); ++i) {
      const int64_t width = widths_[i];
      const int64_t first = std::max(begin, left), last = std::min(end, left + width);
      if (first < last) {
        const auto* from = static_cast<const uint8_t*>(at.in[i]) + row * width + (first - left);
        const int64_t bytes = last - first;
        const bool non_temporal =
            non_temporal_ && (bytes >= kLongRow || on_lines(y + first, bytes | row_));
        copy_({rows, bytes, from, width, y + first, row_, non_temporal});
      }
      left += width;
    }
  }

 private:
  static constexpr int64_t kItemBytes = 4 * kItemElements;
  std::vector<int64_t> widths_;
  int64_t row_;
  Split pieces_, rows_;
  bool non_temporal_;
  decltype(MovementKernels::copy_rows) copy_;
};

// Elements from one position of each axis to the next.
std::vector<int64_t> strides_of(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
  for (int i = 0; i < shape.rank(); ++i)
    strides[static_cast<size_t>(i)] = shape.elements(i + 1, shape.rank());
  return strides;
}

// x and y of an operation that has one of each, of one dtype.
void check_one_to_one(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 && spec.outputs.size() == 1, spec.op, ": takes x and y");
  check(spec.inputs[0].dtype == spec.outputs[0].dtype, spec.op, ": y must be ",
        name_of(spec.inputs[0].dtype), ", got ", name_of(spec.outputs[0].dtype));
}

std::unique_ptr<Operator> one_copy(const OperatorSpec& spec, std::vector<Axis> axes,
                                   int64_t from_first = 0, int64_t to_first = 0,
                                   int64_t zeros = 0) {
  const DType dtype = spec.inputs[0].dtype;
  return std::make_unique<Movement>(StridedCopy(dtype, std::move(axes), from_first, to_first),
                                    size_of(dtype), zeros);
}

// A block of shape `part` that lies in `whole` from attribute `start` on: its axes with `from` as
// steps in `whole`, and where it begins.
struct Part {
  std::vector<Axis> axes;
  int64_t first = 0;
};

Part part_of(const OperatorSpec& spec, const Shape& whole, const Shape& part) {
  const std::vector<int64_t>& start = spec.attrs.integers("start");
  check(whole.rank() == part.rank() && start.size() == static_cast<size_t>(whole.rank()), spec.op,
        ": shapes ", whole.text(), " and ", part.text(), " and ", start.size(),
        " starts must have one rank");
  const std::vector<int64_t> outside = strides_of(whole), inside = strides_of(part);
  Part found;
  for (size_t i = 0; i < start.size(); ++i) {
    const int axis = static_cast<int>(i);
    check(start[i] >= 0 && start[i] <= whole[axis] && part[axis] <= whole[axis] - start[i], spec.op,
          ": ", part[axis], " elements from ", start[i], " on do not fit in ", whole[axis]);
    found.axes.push_back({part[axis], outside[i], inside[i]});
    found.first += start[i] * outside[i];
  }
  return found;
}

}  // namespace

std::unique_ptr<Operator> make_copy(const OperatorSpec& spec) {
  check_one_to_one(spec);
  const int64_t elements = spec.inputs[0].shape.elements();
  check(spec.outputs[0].shape.elements() == elements, spec.op, ": y must have ", elements,
        " elements, got shape ", spec.outputs[0].shape.text());
  return one_copy(spec, {{elements, 1, 1}});
}

std::unique_ptr<Operator> make_broadcast_to(const OperatorSpec& spec) {
  check_one_to_one(spec);
  const Shape& x = spec.inputs[0].shape;
  const Shape& y = spec.outputs[0].shape;
  check(x.rank() <= y.rank(), spec.op, ": ", x.text(), " has more axes than ", y.text());
  const std::vector<int64_t> from = strides_of(x), to = strides_of(y);
  std::vector<Axis> axes;
  for (int i = 0; i < y.rank(); ++i) {
    const int j = i - (y.rank() - x.rank());
    check(j < 0 || x[j] == y[i] || x[j] == 1, spec.op, ": ", x.text(), " does not broadcast to ",
          y.text());
    const bool repeated = j < 0 || x[j] != y[i];
    axes.push_back({y[i], repeated ? 0 : from[static_cast<size_t>(j)], to[static_cast<size_t>(i)]});
  }
  return one_copy(spec, axes);
}

std::unique_ptr<Operator> make_transpose(const OperatorSpec& spec) {
  check_one_to_one(spec);
  const Shape& x = spec.inputs[0].shape;
  const Shape& y = spec.outputs[0].shape;
  const std::vector<int64_t>& order = spec.attrs.integers("axes");
  const auto rank = static_cast<size_t>(x.rank());
  std::vector<int64_t> sorted = order, all(rank);
  std::sort(sorted.begin(), sorted.end());
  std::iota(all.begin(), all.end(), 0);
  check(sorted == all && y.rank() == x.rank(), spec.op, ": axes must name each axis of ", x.text(),
        " once");
  const std::vector<int64_t> from = strides_of(x), to = strides_of(y);
  std::vector<Axis> axes;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t size = x[static_cast<int>(order[i])];
    check(y[static_cast<int>(i)] == size, spec.op, ": y ", y.text(), " is no transpose of ",
          x.text(), " by those axes");
    axes.push_back({size, from[static_cast<size_t>(order[i])], to[i]});
  }
  return one_copy(spec, axes);
}

std::unique_ptr<Operator> make_slice(const OperatorSpec& spec) {
  check_one_to_one(spec);
  Part part = part_of(spec, spec.inputs[0].shape, spec.outputs[0].shape);
  return one_copy(spec, part.axes, part.first);
}

std::unique_ptr<Operator> make_slice_grad(const OperatorSpec& spec) {
  check_one_to_one(spec);
  const Shape& y = spec.outputs[0].shape;
  Part part = part_of(spec, y, spec.inputs[0].shape);
  for (Axis& axis : part.axes) std::swap(axis.from, axis.to);
  const bool covered = y == spec.inputs[0].shape;
  return one_copy(spec, part.axes, 0, part.first, covered ? 0 : y.elements());
}

std::unique_ptr<Operator> make_concatenate(const OperatorSpec& spec) {
  check(!spec.inputs.empty() && spec.outputs.size() == 1, spec.op, ": takes one input or more");
  const Operand& y = spec.outputs[0];
  const int64_t axis = spec.attrs.integer("axis");
  check(axis >= 0 && axis < y.shape.rank(), spec.op, ": axis ", axis, " is not one of ",
        y.shape.text());
  const int at = static_cast<int>(axis);
  const int64_t width = size_of(y.dtype) * y.shape.elements(at + 1, y.shape.rank());
  std::vector<int64_t> widths;
  int64_t length = 0;
  for (const Operand& x : spec.inputs) {
    check_operand(spec.op, "input", x, y.dtype, y.shape.rank());
    for (int i = 0; i < y.shape.rank(); ++i)
      check(i == axis || x.shape[i] == y.shape[i], spec.op, ": input ", x.shape.text(),
            " does not fit in ", y.shape.text());
    check(x.shape[at] <= y.shape[at] - length, spec.op, ": inputs do not fit in ", y.shape.text());
    length += x.shape[at];
    widths.push_back(x.shape[at] * width);
  }
  check(length == y.shape[at], spec.op, ": inputs do not fill ", y.shape.text());
  return std::make_unique<Concatenation>(y.shape.elements(0, at), std::move(widths));
}

}  // namespace fastcnn
