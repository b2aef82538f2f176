#pragma once
#include <memory>
#include <vector>

#include "engine/operator.h"

namespace fastcnn {

// An operation that Python can name, and what prepares it.
struct OperatorRow {
  const char* op;
  std::unique_ptr<Operator> (*make)(const OperatorSpec&);
};

// Those of a family are in the operators.cpp of its folder.
std::vector<OperatorRow> convolution_operators();
std::vector<OperatorRow> products_operators();
std::vector<OperatorRow> pooling_operators();
std::vector<OperatorRow> normalization_operators();
std::vector<OperatorRow> elementwise_operators();
std::vector<OperatorRow> reduction_operators();
std::vector<OperatorRow> movement_operators();
std::vector<OperatorRow> random_operators();
std::vector<OperatorRow> optimizer_operators();
std::vector<OperatorRow> loss_operators();

}  // namespace fastcnn
