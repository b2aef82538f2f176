"""Softmax and its kin, and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.cases.bounds import (
    ELEMENTARY,
    log_softmax_error,
    loss_error,
    smooth,
    softmax_error,
    sparsemax_error,
)
from ops.cases.case import (
    CHANNELS,
    INF,
    NAN,
    Case,
    Maker,
    array,
    integers,
    normal,
    one_hot_rows,
    probabilities,
    uniform,
)
from ops.cases.wrong import SCALAR, Wrong, along_axis, f32, i64, shape

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


NORMALIZED = [
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
]  # fmt: skip


def loss_rows(
    op: str,
    classes: int,
    y_true: Maker,
    y_pred: Maker,
    id: str,
    differentiable: tuple[str, ...] = ("y_true", "y_pred"),
    **attributes: Any,
) -> Case:
    terms = classes + 4 * ELEMENTARY
    return Case(
        op,
        id,
        {"y_true": y_true, "y_pred": y_pred},
        attributes,
        loss_error(terms),
        smooth(terms),
        differentiable,
    )


def mean_squared_error(id: str, shape: tuple[int, ...]) -> Case:
    terms = shape[-1] + ELEMENTARY
    return Case(
        "mean_squared_error",
        id,
        {"y_true": normal(*shape), "y_pred": normal(*shape)},
        {},
        loss_error(terms),
        smooth(terms),
        ("y_true", "y_pred"),
    )


LOSSES = [
    mean_squared_error("plain", (3, 4)),
    mean_squared_error("rank-1", (5,)),
    mean_squared_error("rank-3", (2, 3, 4)),
    mean_squared_error("one-output", (6, 1)),
    mean_squared_error("empty-batch", (0, 4)),
    *(mean_squared_error(f"outputs-{n}", (2, n)) for n in CHANNELS),
    mean_squared_error("large", (32, 70)),
    *(
        case
        for n in (2, *CHANNELS[1:])
        for case in [
            loss_rows("categorical_crossentropy", n, one_hot_rows(3, n), probabilities(3, n),
                      f"classes-{n}"),
            loss_rows("categorical_crossentropy", n, one_hot_rows(3, n), normal(3, n, scale=2),
                      f"logits-{n}", from_logits=True),
            loss_rows("sparse_categorical_crossentropy", n, integers(0, n, 3, dtype="int64"),
                      probabilities(3, n), f"classes-{n}", ("y_pred",)),
            loss_rows("sparse_categorical_crossentropy", n, integers(0, n, 3, dtype="int64"),
                      normal(3, n, scale=2), f"logits-{n}", ("y_pred",), from_logits=True),
        ]
    ),
    *(
        case
        for n in CHANNELS
        for case in [
            loss_rows("binary_crossentropy", n, integers(0, 2, 3, n), uniform(0.1, 0.9, 3, n),
                      f"outputs-{n}"),
            loss_rows("binary_crossentropy", n, integers(0, 2, 3, n), normal(3, n, scale=2),
                      f"logits-{n}", from_logits=True),
        ]
    ),
    loss_rows("categorical_crossentropy", 5, probabilities(4, 5), probabilities(4, 5),
              "soft"),
    loss_rows("categorical_crossentropy", 5, probabilities(4, 5), normal(4, 5), "soft-logits",
              from_logits=True),
    loss_rows("categorical_crossentropy", 5, one_hot_rows(4, 5), uniform(0.5, 2, 4, 5),
              "not-normalised"),
    loss_rows("categorical_crossentropy", 4, normal(2, 3, 4), probabilities(2, 3, 4), "rank-3"),
    loss_rows("categorical_crossentropy", 3, array([1, 0, 0]), probabilities(3), "rank-1"),
    loss_rows("categorical_crossentropy", 5, normal(0, 5), normal(0, 5), "empty-batch"),
    loss_rows("categorical_crossentropy", 5, normal(0, 5), normal(0, 5), "empty-batch-logits",
              from_logits=True),
    loss_rows("categorical_crossentropy", 3, array([[0, 1, 0], [1, 0, 0]]),
              array([[1, 0, 0], [1, 0, 0]]), "certain", ()),
    loss_rows("categorical_crossentropy", 3, array([[0, 1, 0], [1, 0, 0]]),
              array([[NAN, 1, 0], [1, 2, 3]]), "nan", ()),
    loss_rows("categorical_crossentropy", 3, array([[0, 1, 0], [1, 0, 0]]),
              array([[1e4, -1e4, 0], [500, -500, 0]]), "huge-logits", (), from_logits=True),
    loss_rows("categorical_crossentropy", 10, one_hot_rows(300, 10), normal(300, 10), "large",
              from_logits=True),
    *(
        loss_rows("sparse_categorical_crossentropy", 4, array([3, 0, 2], dtype),
                  probabilities(3, 4), dtype, ("y_pred",))
        for dtype in ("int64", "int32", "uint8")
    ),
    loss_rows("sparse_categorical_crossentropy", 4, array([[3], [0], [2]], "int64"),
              probabilities(3, 4), "column", ("y_pred",)),
    loss_rows("sparse_categorical_crossentropy", 4, array([[3], [0], [2]], "int64"),
              normal(3, 4), "column-logits", ("y_pred",), from_logits=True),
    loss_rows("sparse_categorical_crossentropy", 4, array([], "int64"), normal(0, 4),
              "empty-batch", ("y_pred",)),
    # No class: NaN in that row only, and never a read outside.
    loss_rows("sparse_categorical_crossentropy", 4, array([4, 0, -1, 2**62, -(2**63)], "int64"),
              probabilities(5, 4), "outside", ()),
    loss_rows("sparse_categorical_crossentropy", 4, array([4, 0, -1, 2**62, -(2**63)], "int64"),
              normal(5, 4), "outside-logits", (), from_logits=True),
    loss_rows("sparse_categorical_crossentropy", 3, array([1, 0], "int64"),
              array([[1, 0, 0], [1, 0, 0]]), "certain", ()),
    loss_rows("sparse_categorical_crossentropy", 3, array([1, 0], "int64"),
              array([[1e4, -1e4, 0], [500, -500, 0]]), "huge-logits", (), from_logits=True),
    loss_rows("sparse_categorical_crossentropy", 10, integers(0, 10, 300, dtype="int64"),
              normal(300, 10), "large", ("y_pred",), from_logits=True),
    loss_rows("binary_crossentropy", 3, uniform(0, 1, 2, 3), uniform(0.1, 0.9, 2, 3),
              "soft"),
    loss_rows("binary_crossentropy", 1, array([[0], [1], [1], [0]]),
              array([[1], [0], [1], [0]]), "certain", ()),
    loss_rows("binary_crossentropy", 1, array([[0], [1]]), array([[NAN], [0.5]]), "nan", ()),
    loss_rows("binary_crossentropy", 1, array([[0], [1], [1]]),
              array([[1e4], [-1e4], [300]]), "huge-logits", (), from_logits=True),
    loss_rows("binary_crossentropy", 4, normal(0, 4), normal(0, 4), "empty-batch"),
    loss_rows("binary_crossentropy", 3, integers(0, 2, 5), uniform(0.1, 0.9, 5), "rank-1"),
    loss_rows("binary_crossentropy", 4, uniform(0, 1, 2, 4), normal(2, 4), "soft-logits",
              from_logits=True),
]  # fmt: skip

CASES = [*NORMALIZED, *LOSSES]

ERRORS = [
    *(wrong for op in SOFTMAX for wrong in along_axis(op)),
    *(
        wrong
        for op in ("mean_squared_error", "categorical_crossentropy", "binary_crossentropy")
        for wrong in [
            Wrong(op, "shapes", {"y_true": f32(2, 3), "y_pred": f32(2, 4)},
                  ("y_true", "y_pred", shape(2, 3), shape(2, 4))),
            Wrong(op, "batches", {"y_true": f32(1, 4), "y_pred": f32(2, 4)},
                  ("y_true", "y_pred", shape(1, 4), shape(2, 4))),
            Wrong(op, "scalars", {"y_true": f32(), "y_pred": f32()}, ("y_true|y_pred", SCALAR)),
        ]
    ),
    # The classic mistake, with the fix.
    Wrong("categorical_crossentropy", "integer-labels", {"y_true": i64(0, 2), "y_pred": f32(2, 3)},
          ("y_true", "int64", "sparse_categorical_crossentropy"), (TypeError, ValueError)),
    Wrong("categorical_crossentropy", "label-column",
          {"y_true": f32(2, 1), "y_pred": f32(2, 3)},
          (shape(2, 1), shape(2, 3), "sparse_categorical_crossentropy")),
    Wrong("sparse_categorical_crossentropy", "float-labels",
          {"y_true": f32(2), "y_pred": f32(2, 3)}, ("y_true", "integer", "float32"), TypeError),
    Wrong("sparse_categorical_crossentropy", "one-hot-labels",
          {"y_true": np.eye(3, dtype=np.int64), "y_pred": f32(3, 3)},
          ("y_true", shape(3, 3), "categorical_crossentropy")),
    Wrong("sparse_categorical_crossentropy", "batches", {"y_true": i64(0, 1), "y_pred": f32(3, 3)},
          ("y_true", shape(2), "y_pred", shape(3, 3))),
    Wrong("sparse_categorical_crossentropy", "scalar", {"y_true": i64(), "y_pred": f32()},
          ("y_pred", SCALAR)),
]  # fmt: skip
