"""The operations that can be measured, by name."""

from __future__ import annotations

from fastcnn.bench.operations import (
    activations,
    batch_normalization,
    convolution,
    convolution_nd,
    elementwise,
    loss,
    optimizer,
    per_example_normalization,
    pooling,
    pooling_nd,
    products,
)
from fastcnn.bench.operations.operation import Candidate, Case, Operation

__all__ = ["OPERATIONS", "Candidate", "Case", "Operation"]

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for module in (
        convolution,
        convolution_nd,
        products,
        pooling,
        pooling_nd,
        batch_normalization,
        activations,
        loss,
        elementwise,
        per_example_normalization,
        optimizer,
    )
    for operation in module.OPERATIONS
}
