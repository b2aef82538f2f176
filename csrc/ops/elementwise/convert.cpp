#include "ops/elementwise/convert.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "base/check.h"
#include "base/dtype_visit.h"
#include "base/integer_view.h"
#include "base/partition.h"
#include "kernels/dispatch/table.h"
#include "kernels/elementwise/table.h"
#include "ops/common/operand_checks.h"

namespace fastcnn {
namespace {

template <class To, class From>
To converted(From x) {
  if constexpr (std::is_same_v<To, Boolean>) {
    return {static_cast<uint8_t>(x != 0)};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // The smallest To is a power of two (or 0) and exact; the largest plus one is too.
    constexpr auto kLowest = static_cast<From>(std::numeric_limits<To>::min());
    constexpr auto kBeyond =
        static_cast<From>(std::numeric_limits<To>::max() / 2 + 1) * static_cast<From>(2);
    if (!(x > kLowest)) return x == x ? std::numeric_limits<To>::min() : To{0};
    return x >= kBeyond ? std::numeric_limits<To>::max() : static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

using Convert = void (*)(int64_t n, const void* x, void* y);

template <class From, class To>
void convert(int64_t n, const void* x, void* y) {
  const auto* from = static_cast<const From*>(x);
  auto* to = static_cast<To*>(y);
  for (int64_t i = 0; i < n; ++i) to[i] = converted<To>(number(from[i]));
}

Convert converter(DType from, DType to) {
  return visit(from, [to](auto source) -> Convert {
    return visit(
        to, [](auto target) -> Convert { return &convert<decltype(source), decltype(target)>; });
  });
}

class Cast final : public Operator {
 public:
  Cast(DType from, DType to, int64_t elements)
      : split_{elements, kItemElements},
        from_bytes_(size_of(from)),
        to_bytes_(size_of(to)),
        convert_(converter(from, to)) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    return {n, n * static_cast<double>(from_bytes_ + to_bytes_)};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    convert_(split_.size(item), at.input<std::byte>(0) + begin * from_bytes_,
             at.output<std::byte>(0) + begin * to_bytes_);
  }

 private:
  Split split_;
  int64_t from_bytes_, to_bytes_;
  Convert convert_;
};

template <class T>
void rescale(int64_t n, const void* x, double scale, double offset, float* y) {
  // float32 holds every number of a type of up to two bytes.
  using Work = std::conditional_t<sizeof(T) <= 2 || std::is_same_v<T, float>, float, double>;
  const auto* from = static_cast<const T*>(x);
  const auto factor = static_cast<Work>(scale), summand = static_cast<Work>(offset);
  for (int64_t i = 0; i < n; ++i)
    y[i] = static_cast<float>(static_cast<Work>(number(from[i])) * factor + summand);
}

class Rescale final : public Operator {
 public:
  Rescale(DType dtype, int64_t elements, double scale, double offset)
      : split_{elements, kItemElements},
        bytes_(size_of(dtype)),
        scale_(scale),
        offset_(offset),
        images_(dtype == DType::u8 ? kernels().elementwise.rescale_bytes : nullptr),
        rescale_(visit(
            dtype, [](auto source) -> decltype(rescale_) { return &rescale<decltype(source)>; })) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    const auto n = static_cast<double>(split_.total);
    return {2 * n, n * static_cast<double>(bytes_ + 4)};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    const int64_t begin = split_.begin(item);
    float* y = at.output(0) + begin;
    if (images_ != nullptr)
      images_(split_.size(item), at.input<uint8_t>(0) + begin, static_cast<float>(scale_),
              static_cast<float>(offset_), y);
    else
      rescale_(split_.size(item), at.input<std::byte>(0) + begin * bytes_, scale_, offset_, y);
  }

 private:
  Split split_;
  int64_t bytes_;
  double scale_, offset_;
  decltype(ElementwiseKernels::rescale_bytes) images_;  // null unless x is uint8
  void (*rescale_)(int64_t n, const void* x, double scale, double offset, float* y);
};

class OneHot final : public Operator {
 public:
  OneHot(const IntegerView& labels, int64_t count, int64_t depth)
      : labels_(labels), depth_(depth), split_(Split::by_elements(count, depth)) {}

  int64_t items(int) const override { return split_.items(); }
  Cost cost() const override {
    return {0, 4.0 * static_cast<double>(split_.total) * static_cast<double>(depth_)};
  }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    for (int64_t i = split_.begin(item); i < split_.end(item); ++i) {
      float* y = at.output(0) + i * depth_;
      std::fill_n(y, depth_, 0.0f);
      const int64_t label = labels_.at(at.in[0], i);
      if (label >= 0 && label < depth_) y[label] = 1.0f;
    }
  }

 private:
  IntegerView labels_;
  int64_t depth_;
  Split split_;
};

void check_one_to_one(const OperatorSpec& spec) {
  check(spec.inputs.size() == 1 && spec.outputs.size() == 1, spec.op, ": takes x and y");
}

}  // namespace

std::unique_ptr<Operator> make_cast(const OperatorSpec& spec) {
  check_one_to_one(spec);
  check_shape(spec.op, "y", spec.outputs[0], spec.inputs[0].shape);
  return std::make_unique<Cast>(spec.inputs[0].dtype, spec.outputs[0].dtype,
                                spec.inputs[0].shape.elements());
}

std::unique_ptr<Operator> make_rescale(const OperatorSpec& spec) {
  check_one_to_one(spec);
  const Operand& x = spec.inputs[0];
  check_float32(spec.op, "y", spec.outputs[0], x.shape);
  return std::make_unique<Rescale>(x.dtype, x.shape.elements(), spec.attrs.real("scale"),
                                   spec.attrs.real("offset"));
}

std::unique_ptr<Operator> make_one_hot(const OperatorSpec& spec) {
  check_one_to_one(spec);
  const Operand& labels = spec.inputs[0];
  const Operand& y = spec.outputs[0];
  check_float32(spec.op, "y", y, labels.shape.rank() + 1);
  const int64_t count = y.shape.elements(0, labels.shape.rank());
  return std::make_unique<OneHot>(IntegerView(spec.op, labels.dtype, labels.shape, count), count,
                                  y.shape.back());
}

}  // namespace fastcnn
