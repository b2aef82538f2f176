"""Rows of reductions and of what is computed along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from op_cases.bounds import (
    ELEMENTARY,
    linear,
    log_softmax_error,
    smooth,
    softmax_error,
    sparsemax_error,
    sum_of_products,
)
from op_cases.case import (
    CHANNELS,
    INF,
    NAN,
    Case,
    array,
    distinct,
    normal,
)


def reduce(
    op: str, id: str, shape: tuple[int, ...], differentiable: bool = True, **attributes: Any
) -> Case:
    return Case(
        op,
        id,
        {"x": normal(*shape)},
        attributes,
        sum_of_products(int(np.prod(shape)) + 1),
        linear(),
        ("x",) * differentiable,
    )


REDUCTIONS = [
    *(
        case
        for op in ("sum", "mean")
        for case in [
            reduce(op, "all", (2, 3, 4)),
            reduce(op, "all-keepdims", (2, 3, 4), keepdims=True),
            reduce(op, "first", (3, 4, 5), axis=0),
            reduce(op, "middle", (3, 4, 5), axis=1),
            reduce(op, "last", (3, 4, 5), axis=-1),
            reduce(op, "last-keepdims", (3, 4, 5), axis=-1, keepdims=True),
            reduce(op, "outer", (3, 4, 5), axis=(0, 2)),
            reduce(op, "two-first", (3, 4, 5), axis=(0, 1), keepdims=True),
            reduce(op, "unordered", (3, 4, 5), axis=(2, -2)),
            reduce(op, "alternate", (2, 3, 2, 3, 2), axis=(0, 2, 4)),
            reduce(op, "size-1", (3, 1, 4), axis=1),
            reduce(op, "no-axis", (3, 4), axis=()),
            reduce(op, "list", (3, 4, 2), axis=[0, 1]),
            reduce(op, "scalar", ()),
            reduce(op, "empty-kept", (0, 4), axis=1),
            *(reduce(op, f"last-{n}", (3, n), axis=1) for n in CHANNELS),
            *(reduce(op, f"first-{n}", (3, n), axis=0) for n in CHANNELS),
            reduce(op, "large", (70, 301)),
            reduce(op, "large-first", (300, 70), axis=0),
            reduce(op, "large-middle", (9, 200, 33), axis=1),
            Case(op, "nan", {"x": array([[1, NAN, 2], [3, 4, 5]])}, {"axis": 1},
                 sum_of_products(4)),
        ]
    ),
    # Nothing sums to 0 and has no mean.
    reduce("sum", "empty", (0, 4), axis=0),
    reduce("sum", "empty-all", (3, 0)),
    reduce("mean", "empty", (0, 4), differentiable=False, axis=0),
    reduce("mean", "empty-all", (3, 0), differentiable=False),
]  # fmt: skip

SOFTMAX = {
    "softmax": softmax_error,
    "log_softmax": log_softmax_error,
    "sparsemax": sparsemax_error,
}


def softmax(op: str, id: str, shape: tuple[int, ...], *, axis: int | None = None) -> Case:
    attributes = {} if axis is None else {"axis": axis}
    terms = shape[-1 if axis is None else axis] + 4 * ELEMENTARY
    inputs = {"x": normal(*shape, scale=2)}
    return Case(op, id, inputs, attributes, SOFTMAX[op], smooth(terms), ("x",))


ALONG_AXIS = [
    *(
        case
        for op in SOFTMAX
        for case in [
            softmax(op, "plain", (3, 5)),
            softmax(op, "first", (4, 3), axis=0),
            softmax(op, "middle", (2, 4, 3), axis=1),
            softmax(op, "rank-1", (6,)),
            softmax(op, "rank-4", (2, 2, 1, 5)),
            softmax(op, "empty-batch", (0, 5)),
            softmax(op, "no-classes", (3, 0)),
            softmax(op, "large", (67, 50)),
            softmax(op, "vectors", (3, 300)),
            *(softmax(op, f"classes-{n}", (2, n)) for n in CHANNELS),
        ]
    ),
    *(
        Case(op, id, {"x": array(values)}, {}, error)
        for op, error in SOFTMAX.items()
        for id, values in [
            ("huge", [[1e4, -1e4, 9999.0], [3e38, 1.0, -3e38]]),
            ("masked", [[1.0, -INF, 2.0]]),
            ("nan", [[1.0, NAN, 2.0], [1.0, 2.0, 3.0]]),
            ("infinite", [[1.0, INF, 2.0], [-INF, -INF, -INF]]),
            ("alike", [[1000.0] * 9]),
            # The second lies on tau itself, the rest of the third row just above and below it.
            ("edges", [[1, 0, -7], [0.25] * 3, [0.5, -0.4999999, -0.5000001]]),
            # Each step of Newton's method leaves few of them behind.
            ("halves", [[-(2.0**-i) for i in range(40)]]),
        ]
    ),
    Case("argmax", "plain", {"x": distinct(4, 5)}),
    Case("argmax", "first-axis", {"x": distinct(4, 5)}, {"axis": 0}),
    Case("argmax", "middle-axis", {"x": distinct(2, 4, 3)}, {"axis": 1}),
    Case("argmax", "ties", {"x": array([[1, 3, 3], [2, 2, 1], [0, 0, 0]])}),
    Case("argmax", "nan", {"x": array([[1, NAN, 3, NAN], [INF, 1, NAN, 0], [1, 2, 3, 4]])}),
    Case("argmax", "minus-infinity", {"x": array([[-INF, -INF], [-INF, -1]])}),
    Case("argmax", "empty-batch", {"x": normal(0, 5)}),
    *(Case("argmax", f"classes-{n}", {"x": distinct(3, n)}) for n in CHANNELS),
    Case("argmax", "large", {"x": distinct(300, 30)}),
    Case("argmax", "short-rows", {"x": distinct(50, 10)}),
    Case("argmax", "many-columns", {"x": distinct(3, 21, 83)}, {"axis": 1}),
    Case("argmax", "long-row", {"x": distinct(2, 9001)}),
    Case("argmax", "long-ties", {"x": array([[1.0] * 9001] * 2)}),
    Case("argmax", "long-nan", {"x": array([[1.0] * 5000 + [NAN] * 9])}),
]  # fmt: skip
