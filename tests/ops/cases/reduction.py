"""Reductions, and what ranks or counts: sums, means, the largest, histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.cases.bounds import linear, sum_of_products
from ops.cases.case import CHANNELS, INF, NAN, Case, array, distinct, integers, normal
from ops.cases.wrong import SCALAR, Wrong, along_axis, f32, i64, number, shape


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

RANKING = [
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
    Case("in_top_k", "top-1", {"y_true": array([0, 1, 2], "int64"), "y_pred": distinct(3, 4)},
         {"k": 1}),
    Case("in_top_k", "top-3", {"y_true": array([0, 1, 2, 3, 4, 0], "int64"),
                               "y_pred": distinct(6, 5)}, {"k": 3}),
    Case("in_top_k", "above-classes", {"y_true": array([0, 1], "int64"),
                                       "y_pred": distinct(2, 3)}, {"k": 9}),
    Case("in_top_k", "ties", {"y_true": array([0, 1, 2], "int64"),
                              "y_pred": array([[1, 1, 1], [1, 1, 0], [2, 2, 1]])}, {"k": 1}),
    Case("in_top_k", "outside", {"y_true": array([-1, 3, 2**62], "int64"),
                                 "y_pred": distinct(3, 3)}, {"k": 3}),
    Case("in_top_k", "nan", {"y_true": array([0, 0, 1], "int64"),
                             "y_pred": array([[NAN, 1], [1, NAN], [NAN, 1]])}, {"k": 1}),
    Case("in_top_k", "column-int32", {"y_true": array([[0], [1]], "int32"),
                                      "y_pred": distinct(2, 3)}, {"k": 2}),
    Case("in_top_k", "empty-batch", {"y_true": array([], "int64"), "y_pred": normal(0, 3)},
         {"k": 2}),
    *(Case("weighted_histogram_2d", f"{dtype}-{n}",
         {"row_indices": integers(-1, 4, n, dtype=dtype),
          "column_indices": integers(-2, 5, n, dtype=dtype),
          "weights": integers(-8, 9, n)}, {"size": (3, 4)})
      for n, dtype in ((1, "int8"), (7, "int16"), (50, "int32"), (90_001, "int64"))),
    Case("weighted_histogram_2d", "unsigned",
         {"row_indices": integers(0, 4, 9, dtype="uint8"),
          "column_indices": integers(0, 2, 9, dtype="uint64"),
          "weights": integers(-8, 9, 9)}, {"size": (4, 1)}),
    Case("weighted_histogram_2d", "many-cells",
         {"row_indices": integers(0, 300, 70_000, dtype="int64"),
          "column_indices": integers(0, 300, 70_000, dtype="int64"),
          "weights": integers(-8, 9, 70_000)}, {"size": (300, 300)}),
    *(Case("weighted_histogram_2d", f"few-of-many-{n}",
         {"row_indices": integers(-1, 421, n, dtype="int64"),
          "column_indices": integers(-1, 401, n, dtype="int32"),
          "weights": integers(-8, 9, n)}, {"size": (420, 400)})
      for n in (0, 1, 2048, 2049)),
    Case("weighted_histogram_2d", "few-of-many-far-outside",
         {"row_indices": array([2**62, -(2**62), 5, 5], "int64"),
          "column_indices": array([3, 0, 399, 399], "int64"),
          "weights": array([1, 2, 3, NAN])},
         {"size": (420, 400)}),
    Case("weighted_histogram_2d", "far-outside",
         {"row_indices": array([0, 2**62, -(2**62)], "int64"),
          "column_indices": array([0, 0, 0], "int64"),
          "weights": array([1, 2, 3])}, {"size": (2, 2)}),
    Case("weighted_histogram_2d", "nan",
         {"row_indices": array([0, 1], "int64"), "column_indices": array([0, 0], "int64"),
          "weights": array([NAN, 2])}, {"size": (2, 1)}),
    Case("weighted_histogram_2d", "no-pairs",
         {"row_indices": array([], "int64"), "column_indices": array([], "int64"),
          "weights": normal(0)}, {"size": (2, 3)}),
    Case("weighted_histogram_2d", "no-cells",
         {"row_indices": array([0], "int64"), "column_indices": array([0], "int64"),
          "weights": normal(1)}, {"size": (0, 3)}),
]  # fmt: skip

CASES = [*REDUCTIONS, *RANKING]

ERRORS = [
    wrong
    for op in ("sum", "mean")
    for wrong in [
        Wrong(op, "axis", {"x": f32(2, 3), "axis": 2}, ("axis", number(2), r"rank 2|\(2, 3\)")),
        Wrong(op, "axis-negative", {"x": f32(2, 3), "axis": -3},
              ("axis", number(-3), r"rank 2|\(2, 3\)")),
        Wrong(op, "axis-huge", {"x": f32(2, 3), "axis": 2**63}, ("axis", number(2**63))),
        Wrong(op, "axis-twice", {"x": f32(2, 3), "axis": (0, -2)},
              ("axis|axes", "0, -2")),
        Wrong(op, "axis-float", {"x": f32(2, 3), "axis": 1.5}, ("axis", r"1\.5"), TypeError),
        Wrong(op, "axis-of-scalar", {"x": f32(), "axis": 0}, ("axis", SCALAR)),
    ]
] + [
    *along_axis("argmax"),
    Wrong("argmax", "no-elements", {"x": f32(3, 0)}, (shape(3, 0), "empty|element|0")),
    Wrong("weighted_histogram_2d", "lengths",
         {"row_indices": i64(0, 1), "column_indices": i64(0), "weights": f32(2),
          "size": (2, 2)}, ("one length", shape(1), shape(2))),
    Wrong("weighted_histogram_2d", "float-rows",
         {"row_indices": f32(2), "column_indices": i64(0, 1), "weights": f32(2),
          "size": (2, 2)}, ("row_indices", "integer", "float32"), TypeError),
    Wrong("weighted_histogram_2d", "weights",
         {"row_indices": i64(0), "column_indices": i64(0), "weights": i64(1),
          "size": (2, 2)}, ("weights", "float32", "int64"), TypeError),
    Wrong("weighted_histogram_2d", "size",
         {"row_indices": i64(0), "column_indices": i64(0), "weights": f32(1),
          "size": (2,)}, ("size", r"\(2,\)")),
    Wrong("weighted_histogram_2d", "negative",
         {"row_indices": i64(0), "column_indices": i64(0), "weights": f32(1),
          "size": (2, -1)}, ("size", number(-1))),
    Wrong("in_top_k", "zero", {"y_true": i64(0), "y_pred": f32(1, 3), "k": 0},
          (r"\bk\b", number(0))),
    Wrong("in_top_k", "negative", {"y_true": i64(0), "y_pred": f32(1, 3), "k": -1},
          (r"\bk\b", number(-1))),
    Wrong("in_top_k", "float", {"y_true": i64(0), "y_pred": f32(1, 3), "k": 1.5},
          (r"\bk\b", r"1\.5"), TypeError),
    Wrong("in_top_k", "batches", {"y_true": i64(0, 1), "y_pred": f32(3, 3), "k": 1},
          ("y_true", shape(2), "y_pred", shape(3, 3))),
    Wrong("in_top_k", "float-labels", {"y_true": f32(3), "y_pred": f32(3, 3), "k": 1},
          ("y_true", "integer", "float32"), TypeError),
]  # fmt: skip
