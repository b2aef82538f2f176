"""Rows of losses and of what counts hits."""

from __future__ import annotations

from typing import Any

from op_cases.bounds import ELEMENTARY, loss_error, smooth
from op_cases.case import (
    CHANNELS,
    NAN,
    Case,
    Maker,
    array,
    distinct,
    integers,
    normal,
    one_hot_rows,
    probabilities,
    uniform,
)


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
    *(Case("pair_sums", f"{dtype}-{n}", {"rows": integers(-1, 4, n, dtype=dtype),
                                         "columns": integers(-2, 5, n, dtype=dtype),
                                         "weights": integers(-8, 9, n)}, {"size": (3, 4)})
      for n, dtype in ((1, "int8"), (7, "int16"), (50, "int32"), (90_001, "int64"))),
    Case("pair_sums", "unsigned", {"rows": integers(0, 4, 9, dtype="uint8"),
                                   "columns": integers(0, 2, 9, dtype="uint64"),
                                   "weights": integers(-8, 9, 9)}, {"size": (4, 1)}),
    Case("pair_sums", "many-cells", {"rows": integers(0, 300, 70_000, dtype="int64"),
                                     "columns": integers(0, 300, 70_000, dtype="int64"),
                                     "weights": integers(-8, 9, 70_000)}, {"size": (300, 300)}),
    *(Case("pair_sums", f"few-of-many-{n}", {"rows": integers(-1, 421, n, dtype="int64"),
                                             "columns": integers(-1, 401, n, dtype="int32"),
                                             "weights": integers(-8, 9, n)}, {"size": (420, 400)})
      for n in (0, 1, 2048, 2049)),
    Case("pair_sums", "few-of-many-far-outside", {"rows": array([2**62, -(2**62), 5, 5], "int64"),
                                                  "columns": array([3, 0, 399, 399], "int64"),
                                                  "weights": array([1, 2, 3, NAN])},
         {"size": (420, 400)}),
    Case("pair_sums", "far-outside", {"rows": array([0, 2**62, -(2**62)], "int64"),
                                      "columns": array([0, 0, 0], "int64"),
                                      "weights": array([1, 2, 3])}, {"size": (2, 2)}),
    Case("pair_sums", "nan", {"rows": array([0, 1], "int64"), "columns": array([0, 0], "int64"),
                              "weights": array([NAN, 2])}, {"size": (2, 1)}),
    Case("pair_sums", "no-pairs", {"rows": array([], "int64"), "columns": array([], "int64"),
                                   "weights": normal(0)}, {"size": (2, 3)}),
    Case("pair_sums", "no-cells", {"rows": array([0], "int64"), "columns": array([0], "int64"),
                                   "weights": normal(1)}, {"size": (0, 3)}),
]  # fmt: skip
