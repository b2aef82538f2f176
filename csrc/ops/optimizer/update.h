#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Updates of variables, float32. Outputs have the shapes of the inputs of the same name, and lie
// where those do when Python writes variables in place.

// variable, value -> variable = variable * momentum + value * (1 - momentum).
// Attribute: momentum.
std::unique_ptr<Operator> make_assign_moving_average(const OperatorSpec& spec);

// A step of an optimizer: the formulas are in fastcnn/ops/optimizer/update.py, the
// arithmetic in csrc/kernels/optimizer/update.inl; spec.op names the rule. Inputs and outputs,
// those in brackets where the attribute before them is true:
//   variable, gradient, learning_rate (scalar), [stepped: step (scalar, float32 or int64, 1 in the
//   first step)], the rule's state, [scaled: scale (scalar)], [summed: sum], [averaged: average]
//   -> variable, state, [sum], [average].
// Around the rule:
//   every n-th step alone (attribute every) changes anything but sum and average; in the others
//   sum += gradient;
//   gradient = (gradient + sum) * gradient_factor * scale, its elements held to +-limit; sum = 0;
//   variable *= 1 - decay * rate, rate = learning_rate * rate_factor;
//   average = average_momentum * average + (1 - average_momentum) * new variable, at first the
//   variable itself; after every `overwrite_every` updates (0: never) variable = average.
std::unique_ptr<Operator> make_update(const OperatorSpec& spec);

// x, maybe an addend of its shape -> the sum of (x + addend)^2, a scalar.
std::unique_ptr<Operator> make_sum_of_squares(const OperatorSpec& spec);

// x (n x n) -> y = x * scale, with `diagonal` added where row and column are equal.
std::unique_ptr<Operator> make_scale_diagonal(const OperatorSpec& spec);

}  // namespace fastcnn
