"""The table of operations: one row a case, and every row is tested on every instruction set.

A row says with which inputs and settings an operation is called, how far its result may be off,
and with respect to which inputs it can be differentiated. A new operation adds rows here and to
``tests/op_errors.py`` (what is refused, and the error's text), and a twin to
:mod:`fastcnn.reference`; ``tests/test_ops.py`` needs no change. How fast it is says a line in
``fastcnn/bench/shapes/operations.txt`` (a test insists).
"""

from op_cases.case import Case
from op_cases.conventions import CONVENTIONS
from op_cases.elementwise import ELEMENTWISE_BINARY, ELEMENTWISE_UNARY
from op_cases.group_normalization import EACH_EXAMPLE
from op_cases.linear import CONVOLUTIONS, LINEAR, WINOGRAD
from op_cases.loss import LOSSES
from op_cases.normalization import NORMALIZATION, RANDOM
from op_cases.pointwise import POINTWISE
from op_cases.pooling import POOLING
from op_cases.reduction import ALONG_AXIS, REDUCTIONS
from op_cases.shaping import CONVERSIONS, SHAPING
from op_cases.spatial import SPATIAL

__all__ = ["CASES", "Case"]

CASES: list[Case] = [
    *CONVOLUTIONS,
    *WINOGRAD,
    *SPATIAL,
    *LINEAR,
    *POOLING,
    *CONVENTIONS,
    *ELEMENTWISE_UNARY,
    *ELEMENTWISE_BINARY,
    *POINTWISE,
    *REDUCTIONS,
    *ALONG_AXIS,
    *SHAPING,
    *CONVERSIONS,
    *LOSSES,
    *NORMALIZATION,
    *EACH_EXAMPLE,
    *RANDOM,
]
