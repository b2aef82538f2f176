"""Constraints under Keras' module path: see :mod:`fastcnn.constraints`."""

from fastcnn.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm, get

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "unit_norm",
]
