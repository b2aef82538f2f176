#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/memory.h"
#include "engine/operator.h"
#include "engine/variable.h"

namespace fastcnn {

class Program;

// A value that depends on Variables alone: packed filters, filters with a batch normalisation
// folded into them, a constant expression. A Program of its own makes it, again when one of the
// Variables has changed. All Programs that use it share it.
class DerivedValue {
 public:
  // The value that `make` writes, its only output. Where a value of this key is alive, that one:
  // equal keys mean equal values, and Variables in the same order, constants aside.
  static std::shared_ptr<DerivedValue> of(const std::string& key,
                                          std::shared_ptr<const Program> make);
  explicit DerivedValue(std::shared_ptr<const Program> make);

  const Operand& operand() const { return operand_; }
  std::byte* data() const { return memory_.data(); }
  int64_t bytes() const { return memory_.bytes(); }
  // Makes the value again if a source has changed, and says whether it did. The caller keeps the
  // sources from changing, now and for as long as it reads the value.
  bool refresh(int threads);

 private:
  std::shared_ptr<const Program> make_;
  Operand operand_;
  Memory memory_;
  std::mutex filling_;
  std::vector<uint64_t> versions_;  // of the sources when it was made; empty: never
};

// The Operator that makes the packed form of `op`'s packed input: its input is that one, its output
// the bytes that `op` reads as Buffers::packed.
std::unique_ptr<Operator> make_packer(std::shared_ptr<const Operator> op);

}  // namespace fastcnn
