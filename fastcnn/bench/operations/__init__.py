"""The operations that can be measured, by name."""

from __future__ import annotations

from fastcnn.bench.operations import convolution
from fastcnn.bench.operations.operation import Case, Contestant, Operation

__all__ = ["OPERATIONS", "Case", "Contestant", "Operation"]

OPERATIONS: dict[str, Operation] = {op.name: op for op in [*convolution.OPERATIONS]}
