#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// Loss of each row of scores (..., classes): inputs scores and truth, output (...), float32.
// The truth is a float32 weight for each score (categorical_crossentropy), or integers, one a row
// (sparse_categorical_crossentropy); a label that is no class makes its row NaN.
// Attribute: from_logits.
std::unique_ptr<Operator> make_crossentropy(const OperatorSpec& spec);

// Its gradient with respect to the scores: inputs scores, truth, dy (...).
std::unique_ptr<Operator> make_crossentropy_grad(const OperatorSpec& spec);

}  // namespace fastcnn
