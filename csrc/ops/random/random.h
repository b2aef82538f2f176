#pragma once
#include <memory>

#include "engine/operator.h"

namespace fastcnn {

// y from inputs x (float32) and seed (scalar, int64 or uint64). Element i is x / (1 - rate) where
// number i of Philox4x32-10 under the seed is at least rate * 2^32, else 0. Attribute: rate.
// The key is (low, high) half of the seed, and a block of four numbers has the counter (low, high
// half of its index, 0, 0): Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
std::unique_ptr<Operator> make_dropout(const OperatorSpec& spec);

// y of normal numbers of mean 0 and deviation 1 from input seed (as above). Element i is the
// quantile that number i of Philox4x32-10 under the seed stands for: its lowest bit is the sign,
// and bits 1 to 30, plus a half, divided by 2^30 the share of both tails.
std::unique_ptr<Operator> make_random_normal(const OperatorSpec& spec);

// An int64 scalar in [0, 2^63) from inputs seed and numbers, int64 or uint64 scalars: folds one
// number after the other into the seed (a step of splitmix64 each).
std::unique_ptr<Operator> make_fold_seed(const OperatorSpec& spec);

}  // namespace fastcnn
