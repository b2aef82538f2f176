#include "ops/matmul.h"

#include "base/check.h"
#include "ops/geometry.h"
#include "ops/tap_gemm.h"
#include "ops/tap_gradient.h"

namespace fastcnn {
namespace {

Cost cost_of(int64_t m, int64_t n, int64_t k, double flops) {
  return {flops, 4.0 * static_cast<double>(m * k + k * n + m * n)};
}

// a row-major: rows of a are the pixels of one image, with one tap.
class Matmul final : public Step {
 public:
  Matmul(int64_t m, int64_t n, int64_t k, bool transpose_b, bool has_bias, Activation activation)
      : m_(m),
        n_(n),
        k_(k),
        transpose_b_(transpose_b),
        has_bias_(has_bias),
        in_place_(!transpose_b && m <= kernels().gemm_rows && n % kernels().lanes == 0),
        gemm_(shape_of(m, n, k, in_place_ ? n : 0, activation)),
        kernels_(kernels()),
        packing_{1,
                 std::string(kernels_.isa) + (transpose_b ? " matmul transposed " : " matmul ") +
                     std::to_string(k) + " x " + std::to_string(n) + " " + gemm_.layout(),
                 gemm_.packed_bytes(), gemm_.panels()} {}

  int64_t items(int) const override { return gemm_.items(); }
  int64_t thread_scratch_bytes() const override { return gemm_.thread_scratch_bytes(); }
  const Packing* packing() const override { return in_place_ ? nullptr : &packing_; }
  Cost cost() const override { return cost_of(m_, n_, k_, gemm_.flops()); }

  void run(int, int64_t item, const Buffers& at) const noexcept override {
    gemm_.run(item, at.input(0),
              in_place_ ? at.input(1) : reinterpret_cast<const float*>(at.packed),
              has_bias_ ? at.input(2) : nullptr, at.output(0), nullptr, at.thread_scratch);
  }

  void pack(int64_t p, const void* input, std::byte* packed) const noexcept override {
    const auto* b = static_cast<const float*>(input);
    float* panel = gemm_.panel(packed, 0, p);
    if (transpose_b_)
      kernels_.pack_columns(k_, gemm_.column_count(p), gemm_.panel_width(),
                            b + gemm_.first_column(p) * k_, k_, panel);
    else
      kernels_.pack_rows(k_, gemm_.column_count(p), gemm_.panel_width(), b + gemm_.first_column(p),
                         n_, panel);
  }

 private:
  static TapGemmShape shape_of(int64_t m, int64_t n, int64_t k, int64_t b_stride,
                               Activation activation) {
    Box box{};
    box.height = 1;
    box.width = m;
    box.a_column = k;
    box.c_column = n;
    box.taps = {{0, 0}};
    box.depth = k;
    TapGemmShape shape{};
    shape.images = 1;
    shape.boxes = {box};
    shape.groups = 1;
    shape.columns = n;
    shape.b_rows = k;
    shape.b_stride = b_stride;
    shape.activation = activation;
    return shape;
  }

  int64_t m_, n_, k_;
  bool transpose_b_, has_bias_;
  // One tile of rows reads b once, so packing it could only cost.
  bool in_place_;
  TapGemm gemm_;
  const KernelTable& kernels_;
  Packing packing_;
};

// a column-major: rows of a are pixels that the sum runs over.
class TransposedMatmul final : public Step {
 public:
  TransposedMatmul(int64_t m, int64_t n, int64_t k)
      : m_(m), n_(n), k_(k), gradient_(shape_of(m, n, k)) {}

  int phases() const override { return gradient_.phases(); }
  int64_t items(int phase) const override { return gradient_.items(phase); }
  int64_t scratch_bytes() const override { return gradient_.scratch_bytes(); }
  int64_t thread_scratch_bytes() const override { return gradient_.thread_scratch_bytes(); }
  Cost cost() const override { return cost_of(m_, n_, k_, gradient_.flops()); }
  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    gradient_.run(phase, item, at.input(0), at.input(1), at.output(0), at);
  }

 private:
  // Pixels are cut into rows, so that sums can be cut too.
  static TapGradientShape shape_of(int64_t m, int64_t n, int64_t k) {
    constexpr int64_t kRow = 128;
    TapGradientShape shape{};
    shape.images = 1;
    shape.rows = (k + kRow - 1) / kRow;
    shape.a_row = kRow * m;
    shape.a_pixel = m;
    shape.b_row = kRow * n;
    shape.b_pixel = n;
    shape.taps = {{0, shape.rows, kRow, 0, 0, 0}};
    shape.last_pixels = k - (shape.rows - 1) * kRow;
    shape.tap_rows = m;
    shape.c_rows = m;
    shape.columns = n;
    shape.groups = 1;
    return shape;
  }

  int64_t m_, n_, k_;
  TapGradient gradient_;
};

}  // namespace

std::unique_ptr<Step> make_matmul(const StepSpec& spec) {
  check((spec.inputs.size() == 2 || spec.inputs.size() == 3) && spec.outputs.size() == 1, spec.op,
        ": takes a, b, maybe bias and c");
  check_operand(spec.op, "a", spec.inputs[0], DType::f32, 2);
  check_operand(spec.op, "b", spec.inputs[1], DType::f32, 2);
  const bool transpose_a = spec.attrs.boolean("transpose_a");
  const bool transpose_b = spec.attrs.boolean("transpose_b");
  const Shape& a = spec.inputs[0].shape;
  const Shape& b = spec.inputs[1].shape;
  const int64_t m = a[transpose_a ? 1 : 0];
  const int64_t k = a[transpose_a ? 0 : 1];
  const int64_t n = b[transpose_b ? 0 : 1];
  check(b[transpose_b ? 1 : 0] == k, spec.op, ": a ", a.text(), " and b ", b.text(),
        " do not fit each other");
  check_operand(spec.op, "c", spec.outputs[0], DType::f32, 2);
  check_shape(spec.op, "c", spec.outputs[0], Shape({m, n}));
  const bool has_bias = spec.inputs.size() == 3;
  if (has_bias) {
    check_operand(spec.op, "bias", spec.inputs[2], DType::f32, 1);
    check_shape(spec.op, "bias", spec.inputs[2], Shape({n}));
  }
  const Activation activation = activation_from(spec);
  if (!transpose_a) return std::make_unique<Matmul>(m, n, k, transpose_b, has_bias, activation);
  check(!transpose_b && !has_bias && activation == Activation::none, spec.op,
        ": transpose_a goes with neither transpose_b, bias nor activation");
  return std::make_unique<TransposedMatmul>(m, n, k);
}

}  // namespace fastcnn
