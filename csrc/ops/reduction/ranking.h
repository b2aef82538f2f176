#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Index (int64) of the largest along one axis of x, any dtype: the first of equal ones; the first
// NaN before any number. Attribute: axis, counted from the front.
std::unique_ptr<Operator> make_argmax(const OperatorSpec& spec);

// 1 where fewer than k scores of a row are above the label's, else 0: inputs integer labels (one
// a row), float32 scores (..., classes); output float32 (...). NaN counts as above any number; a
// label that is no class or is scored NaN is no hit. Attribute: k.
std::unique_ptr<Operator> make_in_top_k(const OperatorSpec& spec);

}  // namespace fastcnn
