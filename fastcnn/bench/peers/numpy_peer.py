"""NumPy: the formulations of the operations themselves."""

from __future__ import annotations

import numpy as np

from fastcnn.bench.operations import OPERATIONS, Candidate, Case
from fastcnn.bench.operations.operation import Arrays

VERSION = np.__version__


def start(threads: int) -> None:
    """Its BLAS has read the number of threads from the environment."""


def ways(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    """What fits the case."""
    return OPERATIONS[case.op].formulations(case, direction, arrays)
