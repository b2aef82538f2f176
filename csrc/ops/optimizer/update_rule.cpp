#include "ops/optimizer/update_rule.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/optimizer/args.h"

namespace fastcnn {
namespace {

// After so many steps Nadam's momentum differs from beta_1 by less than a double can hold.
constexpr int64_t kWarmSteps = 1000;

double within(const OperatorSpec& spec, const char* name, double low, double high) {
  const double value = spec.attrs.real(name);
  check(value >= low && value <= high, spec.op, ": ", name, " must be ", low, " to ", high,
        ", got ", value);
  return value;
}

double fraction(const OperatorSpec& spec, const char* name) { return within(spec, name, 0, 1); }

double above_zero(const OperatorSpec& spec, const char* name) {
  return within(spec, name, 0, HUGE_VAL);
}

// Dozat (2016): momentum grows towards beta_1.
double nadam_momentum(double beta_1, double step) {
  return beta_1 * (1 - 0.5 * std::pow(0.96, step));
}

}  // namespace

Rule::Rule(const OperatorSpec& spec) {
  const auto set = [this](std::initializer_list<double> values) {
    std::transform(values.begin(), values.end(), coefficient_,
                   [](double value) { return static_cast<float>(value); });
  };
  const std::string& op = spec.op;
  if (op == "sgd_update") {
    set({fraction(spec, "momentum")});
    slots_ = spec.attrs.boolean("has_velocity") ? 1 : 0;
    const bool nesterov = spec.attrs.boolean("nesterov");
    if (slots_ == 1) kind_ = nesterov ? UpdateRule::nesterov : UpdateRule::momentum;
    flops_ = 4;
  } else if (op == "momentum_accumulate") {
    kind_ = UpdateRule::momentum_accumulate;
    set({fraction(spec, "momentum")});
  } else if (op == "adam_update" || op == "nadam_update") {
    const bool amsgrad = op == "adam_update" && spec.attrs.boolean("amsgrad");
    kind_ = op == "nadam_update" ? UpdateRule::nadam
            : amsgrad            ? UpdateRule::amsgrad
                                 : UpdateRule::adam;
    slots_ = amsgrad ? 3 : 2;
    counts_ = true;
    beta_1_ = fraction(spec, "beta_1");
    beta_2_ = fraction(spec, "beta_2");
    set({1 - beta_1_, 1 - beta_2_, above_zero(spec, "epsilon")});
    flops_ = 12;
    if (kind_ == UpdateRule::nadam) multiply_momenta();
  } else if (op == "rmsprop_update") {
    const bool moves = spec.attrs.boolean("has_velocity");
    const bool centered = spec.attrs.boolean("centered");
    kind_ = centered
                ? (moves ? UpdateRule::rmsprop_centered_momentum : UpdateRule::rmsprop_centered)
                : (moves ? UpdateRule::rmsprop_momentum : UpdateRule::rmsprop);
    slots_ = 1 + moves + centered;
    const double rho = fraction(spec, "rho");
    set({rho, 1 - rho, above_zero(spec, "epsilon"), fraction(spec, "momentum")});
    flops_ = 9;
  } else if (op == "adagrad_update") {
    kind_ = UpdateRule::adagrad;
    slots_ = 1;
    set({above_zero(spec, "epsilon")});
    flops_ = 7;
  } else if (op == "adadelta_update") {
    kind_ = UpdateRule::adadelta;
    slots_ = 2;
    const double rho = fraction(spec, "rho");
    set({rho, 1 - rho, above_zero(spec, "epsilon")});
    flops_ = 16;
  } else if (op == "adamax_update") {
    kind_ = UpdateRule::adamax;
    slots_ = 2;
    counts_ = true;
    beta_1_ = fraction(spec, "beta_1");
    set({1 - beta_1_, fraction(spec, "beta_2"), above_zero(spec, "epsilon")});
    flops_ = 9;
  } else if (op == "ftrl_update") {
    kind_ = UpdateRule::ftrl;
    slots_ = 2;
    beta_ = above_zero(spec, "beta");
    set({above_zero(spec, "l1"), 2 * above_zero(spec, "l2"), 2 * above_zero(spec, "shrinkage"),
         -within(spec, "power", -HUGE_VAL, 0)});
    flops_ = 16;
  } else if (op == "lion_update") {
    kind_ = UpdateRule::lion;
    slots_ = 1;
    const double beta_1 = fraction(spec, "beta_1"), beta_2 = fraction(spec, "beta_2");
    set({beta_1, 1 - beta_1, beta_2, 1 - beta_2});
    flops_ = 8;
  } else {
    check(false, op, ": no rule of an update has this name");
  }
}

void Rule::multiply_momenta() {
  double product = 1;
  products_.push_back(product);
  for (int64_t step = 1; step <= kWarmSteps; ++step) {
    product *= nadam_momentum(beta_1_, static_cast<double>(step));
    products_.push_back(product);
  }
}

void Rule::prepare(double rate, double step, UpdateBlock& block) const noexcept {
  std::copy(coefficient_, coefficient_ + kUpdateCoefficients, block.coefficient);
  switch (kind_) {
    case UpdateRule::adam:
    case UpdateRule::amsgrad:
      rate *= std::sqrt(1 - std::pow(beta_2_, step)) / (1 - std::pow(beta_1_, step));
      break;
    case UpdateRule::adamax:
      rate /= 1 - std::pow(beta_1_, step);
      break;
    case UpdateRule::nadam: {
      const double known = std::min(std::max(step, 0.0), static_cast<double>(kWarmSteps));
      const double product =
          products_[static_cast<size_t>(known)] * std::pow(beta_1_, step - known);
      const double next = nadam_momentum(beta_1_, step + 1);
      block.coefficient[3] = static_cast<float>(next / (1 - product * next));
      block.coefficient[4] =
          static_cast<float>((1 - nadam_momentum(beta_1_, step)) / (1 - product));
      block.coefficient[5] = static_cast<float>(1 / (1 - std::pow(beta_2_, step)));
      break;
    }
    case UpdateRule::ftrl:
      block.coefficient[1] = static_cast<float>(block.coefficient[1] + beta_ / rate);
      block.coefficient[4] = static_cast<float>(1 / rate);
      break;
    case UpdateRule::sgd:
    case UpdateRule::momentum:
    case UpdateRule::nesterov:
    case UpdateRule::momentum_accumulate:
    case UpdateRule::rmsprop:
    case UpdateRule::rmsprop_momentum:
    case UpdateRule::rmsprop_centered:
    case UpdateRule::rmsprop_centered_momentum:
    case UpdateRule::adagrad:
    case UpdateRule::adadelta:
    case UpdateRule::lion:
      break;
  }
  block.rate = static_cast<float>(rate);
}

}  // namespace fastcnn
