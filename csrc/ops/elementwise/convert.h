#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// y = x in another dtype, any to any. Floats become integers towards zero; what does not fit
// becomes the nearest integer that does, NaN 0. Integers wrap around. Anything but 0 is true.
std::unique_ptr<Operator> make_cast(const OperatorSpec& spec);

// y = x * scale + offset, float32 from any dtype. Attributes: scale, offset.
std::unique_ptr<Operator> make_rescale(const OperatorSpec& spec);

// y[..., c] = 1 where c is the label, else 0; float32 from integer labels (...).
std::unique_ptr<Operator> make_one_hot(const OperatorSpec& spec);

}  // namespace fastcnn
