#include "ops/products/matmul.h"

#include "base/check.h"
#include "ops/common/operand_checks.h"
#include "ops/products/blocked_gemm.h"

namespace fastcnn {
namespace {

class Matmul final : public Step {
 public:
  Matmul(const ProductShape& shape, bool has_bias)
      : has_bias_(has_bias),
        product_(shape),
        packing_{1, std::string(kernels().isa) + " matmul " + product_.layout(),
                 product_.packed_bytes(), product_.pack_items(), product_.packs_in_run()} {}

  int phases() const override { return product_.phases(); }
  int64_t items(int phase) const override { return product_.items(phase); }
  int64_t scratch_bytes() const override { return product_.scratch_bytes(); }
  int64_t thread_scratch_bytes() const override { return product_.thread_scratch_bytes(); }
  const Packing* packing() const override { return product_.packs() ? &packing_ : nullptr; }
  Cost cost() const override { return product_.cost(); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    product_.run(phase, item, at.input(0), at.input(1), has_bias_ ? at.input(2) : nullptr,
                 at.output(0), at);
  }

  void pack(int64_t item, const void* input, std::byte* packed) const noexcept override {
    product_.pack(item, static_cast<const float*>(input), reinterpret_cast<float*>(packed));
  }

 private:
  bool has_bias_;
  Product product_;
  Packing packing_;
};

}  // namespace

std::unique_ptr<Step> make_matmul(const StepSpec& spec) {
  check((spec.inputs.size() == 2 || spec.inputs.size() == 3) && spec.outputs.size() == 1, spec.op,
        ": takes a, b, maybe bias and c");
  check_operand(spec.op, "a", spec.inputs[0], DType::f32, 2);
  check_operand(spec.op, "b", spec.inputs[1], DType::f32, 2);
  ProductShape product{};
  product.transpose_a = spec.attrs.boolean("transpose_a");
  product.transpose_b = spec.attrs.boolean("transpose_b");
  product.activation = activation_from(spec);
  const Shape& a = spec.inputs[0].shape;
  const Shape& b = spec.inputs[1].shape;
  product.rows = a[product.transpose_a ? 1 : 0];
  product.inner = a[product.transpose_a ? 0 : 1];
  product.columns = b[product.transpose_b ? 0 : 1];
  check(b[product.transpose_b ? 1 : 0] == product.inner, spec.op, ": a ", a.text(), " and b ",
        b.text(), " do not fit each other");
  check_operand(spec.op, "c", spec.outputs[0], DType::f32, 2);
  check_shape(spec.op, "c", spec.outputs[0], Shape({product.rows, product.columns}));
  const bool has_bias = spec.inputs.size() == 3;
  if (has_bias) {
    check_operand(spec.op, "bias", spec.inputs[2], DType::f32, 1);
    check_shape(spec.op, "bias", spec.inputs[2], Shape({product.columns}));
  }
  return make_product(product, has_bias);
}

std::unique_ptr<Step> make_product(const ProductShape& shape, bool has_bias) {
  return std::make_unique<Matmul>(shape, has_bias);
}

}  // namespace fastcnn
