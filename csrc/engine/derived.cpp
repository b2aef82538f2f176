#include "engine/derived.h"

#include "base/check.h"
#include "engine/program.h"

namespace fastcnn {
namespace {

class Packer final : public Operator {
 public:
  explicit Packer(std::shared_ptr<const Operator> op) : op_(std::move(op)) {
    const Packing* packing = op_->packing();
    check(packing != nullptr, "packer: the operator packs none of its inputs");
    inputs = {op_->inputs[static_cast<size_t>(packing->input)]};
    outputs = {{DType::u8, Shape({packing->bytes})}};
  }

  int64_t items(int) const override { return op_->packing()->items; }
  void run(int, int64_t item, const Buffers& at) const noexcept override {
    op_->pack(item, at.in[0], at.output<std::byte>(0));
  }
  std::string algorithm() const override { return op_->packing()->key; }
  Cost cost() const override { return {0, 2.0 * static_cast<double>(op_->packing()->bytes)}; }

 private:
  std::shared_ptr<const Operator> op_;
};

}  // namespace

DerivedValue::DerivedValue(std::shared_ptr<const Program> make) : make_(std::move(make)) {
  check(make_ != nullptr && make_->inputs().empty() && make_->outputs().size() == 1,
        "derived value: its program must take no input and return one output");
  check(!make_->writes_variables(), "derived value: its program must not write variables");
  operand_ = make_->outputs()[0];
  memory_ = Memory(operand_.shape.elements() * size_of(operand_.dtype));
}

std::shared_ptr<DerivedValue> DerivedValue::of(const std::string& key,
                                               std::shared_ptr<const Program> make) {
  check(make != nullptr && !make->variables().empty(),
        "derived value: its program must read a variable");
  return make->variables()[0]->derived(
      key, [&] { return std::make_shared<DerivedValue>(std::move(make)); });
}

bool DerivedValue::refresh(int threads) {
  const std::lock_guard<std::mutex> guard(filling_);
  const std::vector<std::shared_ptr<Variable>>& sources = make_->variables();
  bool fresh = versions_.size() == sources.size();
  for (size_t i = 0; fresh && i < sources.size(); ++i)
    fresh = versions_[i] == sources[i]->version();
  if (fresh) return false;
  make_->run_once(memory_.data(), threads);
  versions_.clear();
  for (const std::shared_ptr<Variable>& source : sources) versions_.push_back(source->version());
  return true;
}

std::unique_ptr<Operator> make_packer(std::shared_ptr<const Operator> op) {
  return std::make_unique<Packer>(std::move(op));
}

}  // namespace fastcnn
