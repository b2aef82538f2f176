#pragma once
#include <string>
#include <vector>

#include "engine/operator.h"
#include "kernels/optimizer/args.h"

namespace fastcnn {

// What an optimizer's step depends on beside its arrays.
class Rule {
 public:
  // Reads the settings of the rule that spec.op names; throws std::invalid_argument.
  explicit Rule(const OperatorSpec& spec);

  UpdateRule kind() const { return kind_; }
  int slots() const { return slots_; }
  // Whether the number of the step changes the rule.
  bool counts() const { return counts_; }
  double flops() const { return flops_; }

  // Sets rate and coefficients for update number `step`, 1 at first.
  void prepare(double rate, double step, UpdateBlock& block) const noexcept;

 private:
  void multiply_momenta();

  UpdateRule kind_ = UpdateRule::sgd;
  int slots_ = 0;
  bool counts_ = false;
  double flops_ = 2;
  double beta_1_ = 0, beta_2_ = 0, beta_ = 0;
  float coefficient_[kUpdateCoefficients] = {};
  // Nadam: products of its momenta up to each of the first steps.
  std::vector<double> products_;
};

}  // namespace fastcnn
