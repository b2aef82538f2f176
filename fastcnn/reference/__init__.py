"""Every operation of :mod:`fastcnn.ops` again, in plain NumPy float64: the specification.

Same names, arguments and shapes, no speed. Tests hold the kernels to these functions, and the
gradients of operations to finite differences of them. Computed values are float64 whatever came
in; operations that only move elements keep the dtype. Arguments are trusted: what is wrong is
reported by :mod:`fastcnn.ops`, not here. Nothing here imports the rest of the package.

The package exports what its modules list in their ``__all__``.
"""

from __future__ import annotations

import warnings
from typing import Any

from fastcnn.reference.activations import *
from fastcnn.reference.convolution import *
from fastcnn.reference.elementwise import *
from fastcnn.reference.loss import *
from fastcnn.reference.movement import *
from fastcnn.reference.normalization import *
from fastcnn.reference.pooling import *
from fastcnn.reference.products import *
from fastcnn.reference.random import *
from fastcnn.reference.reduction import *

__all__ = sorted(
    name
    for name, value in globals().items()
    if getattr(value, "__module__", "").startswith(f"{__name__}.")
)


def __getattr__(name: str) -> Any:
    if name != "pair_sums":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"{__name__}.pair_sums is deprecated and goes with the next version; use "
        f"{__name__}.weighted_histogram_2d",
        DeprecationWarning,
        stacklevel=2,
    )
    return weighted_histogram_2d
