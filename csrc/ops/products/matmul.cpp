#include "ops/products/matmul.h"

#include "base/check.h"
#include "kernels/dispatch/table.h"
#include "ops/common/epilogue.h"
#include "ops/common/operand_checks.h"
#include "ops/products/blocked_gemm.h"

namespace fastcnn {
namespace {

class Matmul final : public Operator {
 public:
  Matmul(const BlockedGemmShape& shape, const Epilogue& epilogue)
      : epilogue_(epilogue),
        gemm_(shape),
        packing_{1, std::string(kernels().isa) + " matmul " + gemm_.layout(), gemm_.packed_bytes(),
                 gemm_.pack_items(), gemm_.packs_in_run()} {}

  int phases() const override { return gemm_.phases(); }
  int64_t items(int phase) const override { return gemm_.items(phase); }
  int64_t scratch_bytes() const override { return gemm_.scratch_bytes(); }
  int64_t thread_scratch_bytes() const override { return gemm_.thread_scratch_bytes(); }
  const Packing* packing() const override { return gemm_.packs() ? &packing_ : nullptr; }
  Cost cost() const override { return gemm_.cost(); }
  std::string algorithm() const override { return gemm_.algorithm(); }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    gemm_.run(
        phase, item,
        {at.input(0), at.input(1), epilogue_.bias_of(at), epilogue_.residual_of(at), at.output(0)},
        at);
  }

  void pack(int64_t item, const void* input, std::byte* packed) const noexcept override {
    gemm_.pack(item, static_cast<const float*>(input), reinterpret_cast<float*>(packed));
  }

 private:
  Epilogue epilogue_;
  BlockedGemm gemm_;
  Packing packing_;
};

}  // namespace

std::unique_ptr<Operator> make_matmul(const OperatorSpec& spec) {
  check(spec.inputs.size() >= 2 && spec.outputs.size() == 1, spec.op,
        ": takes a, b, maybe bias, maybe residual, and c");
  check_float32(spec.op, "a", spec.inputs[0], 2);
  check_float32(spec.op, "b", spec.inputs[1], 2);
  BlockedGemmShape shape{};
  shape.transpose_a = spec.attrs.boolean("transpose_a");
  shape.transpose_b = spec.attrs.boolean("transpose_b");
  const Shape& a = spec.inputs[0].shape;
  const Shape& b = spec.inputs[1].shape;
  shape.rows = a[shape.transpose_a ? 1 : 0];
  shape.k = a[shape.transpose_a ? 0 : 1];
  shape.columns = b[shape.transpose_b ? 0 : 1];
  check(b[shape.transpose_b ? 1 : 0] == shape.k, spec.op, ": a ", a.text(), " and b ", b.text(),
        " do not fit each other");
  check_float32(spec.op, "c", spec.outputs[0], Shape({shape.rows, shape.columns}));
  const Epilogue epilogue = epilogue_from(spec, shape.columns, spec.outputs[0].shape);
  shape.activation = epilogue.activation;
  return std::make_unique<Matmul>(shape, epilogue);
}

std::unique_ptr<Operator> make_blocked_gemm(const BlockedGemmShape& shape) {
  return std::make_unique<Matmul>(shape, Epilogue{});
}

}  // namespace fastcnn
