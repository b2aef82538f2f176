"""The operations that can be measured, by name."""

from __future__ import annotations

from fastcnn.bench.operations import (
    convolution,
    elementwise,
    group_normalization,
    normalization,
    pointwise,
    pooling,
    pooling_any,
    products,
    rows,
    spatial,
    updates,
)
from fastcnn.bench.operations.operation import Case, Contestant, Operation

__all__ = ["OPERATIONS", "Case", "Contestant", "Operation"]

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for module in (
        convolution,
        spatial,
        products,
        pooling,
        pooling_any,
        normalization,
        pointwise,
        rows,
        elementwise,
        group_normalization,
        updates,
    )
    for operation in module.OPERATIONS
}
