"""Products of matrices, and dense layers."""

from __future__ import annotations

from typing import Any

from ops.cases.bounds import product_rules
from ops.cases.case import CHANNELS, Case, normal, quarters
from ops.cases.wrong import SCALAR, Wrong, f32, number, shape


def matmul(
    id: str, rows: int, inner: int, columns: int, *, exact: bool = False, **attributes: bool
) -> Case:
    a = (inner, rows) if attributes.get("transpose_a") else (rows, inner)
    b = (columns, inner) if attributes.get("transpose_b") else (inner, columns)
    draw = quarters if exact else normal
    error, gradient = product_rules(inner, exact, attributes)
    return Case(
        "matmul", id, {"a": draw(*a), "b": draw(*b)}, attributes, error, gradient, ("a", "b")
    )


def dense(
    id: str,
    x: tuple[int, ...],
    units: int,
    *,
    bias: bool = True,
    exact: bool = False,
    **attributes: Any,
) -> Case:
    draw = quarters if exact else normal
    inputs = {"x": draw(*x), "kernel": draw(x[-1], units)}
    if bias:
        inputs["bias"] = quarters(units, shift=1 / 32) if exact else normal(units)
    error, gradient = product_rules(x[-1] + 1, exact, attributes)
    return Case("dense", id, inputs, attributes, error, gradient, tuple(inputs))


CASES = [
    matmul("plain", 3, 4, 5),
    matmul("transpose-a", 3, 4, 5, transpose_a=True),
    matmul("transpose-b", 3, 4, 5, transpose_b=True),
    matmul("transpose-both", 3, 4, 5, transpose_a=True, transpose_b=True),
    matmul("one", 1, 1, 1),
    matmul("outer", 5, 1, 7),
    matmul("inner", 1, 300, 1),
    matmul("column", 9, 6, 1),
    matmul("empty-rows", 0, 4, 5),
    matmul("empty-inner", 3, 0, 5),
    matmul("empty-columns", 3, 4, 0),
    *(matmul(f"{n}", n, n, n, exact=True) for n in CHANNELS),
    *(matmul(f"rows-{n}", n, 5, 16, exact=True) for n in (13, 14, 15, 28, 29)),
    *(
        matmul(f"transposed-{n}", n, 5, n, exact=True, transpose_a=True, transpose_b=True)
        for n in CHANNELS
    ),
    matmul("large", 130, 150, 97, exact=True),
    matmul("large-transposed", 130, 150, 97, exact=True, transpose_a=True, transpose_b=True),
    matmul("large-inner", 6, 3000, 5, exact=True),
    # Cut over rows, over columns, and over a sum whose parts are added.
    matmul("cut-rows", 400, 70, 40, exact=True),
    matmul("cut-columns", 30, 40, 700, exact=True),
    matmul("cut-sum", 20, 5200, 37, exact=True),
    matmul("cut-sum-one-row", 1, 2100, 150, exact=True),
    matmul("cut-sum-transposed", 20, 2100, 37, exact=True, transpose_a=True, transpose_b=True),
    dense("cut-sum", (9, 2100), 37, exact=True, activation="relu"),
    dense("plain", (4, 6), 5),
    dense("no-bias", (4, 6), 5, bias=False),
    dense("one-sample", (1, 6), 5),
    dense("rank-1", (6,), 5),
    dense("rank-4", (2, 3, 2, 6), 5),
    dense("empty-batch", (0, 6), 5),
    dense("no-features", (3, 0), 5),
    dense("no-units", (3, 4), 0),
    *(dense(f"units-{n}", (3, 10), n, exact=True) for n in CHANNELS),
    *(dense(f"features-{n}", (2, n), 6, exact=True) for n in CHANNELS),
    *(dense(f"batch-{n}", (n, 7), 6, exact=True) for n in CHANNELS),
    dense("relu", (4, 6), 17, exact=True, activation="relu"),
    dense("sigmoid", (4, 6), 17, exact=True, activation="sigmoid"),
    dense("tanh", (4, 6), 17, exact=True, activation="tanh"),
    dense("large", (32, 700), 130, exact=True),
]

ERRORS = [
    Wrong("matmul", "a-rank", {"a": f32(3), "b": f32(3, 4)}, (r"\ba\b", "2", shape(3))),
    Wrong("matmul", "b-rank", {"a": f32(2, 3), "b": f32(1, 3, 4)}, (r"\bb\b", "2", shape(1, 3, 4))),
    Wrong("matmul", "inner", {"a": f32(2, 3), "b": f32(4, 5)}, (shape(2, 3), shape(4, 5))),
    Wrong("matmul", "inner-transposed",
          {"a": f32(2, 3), "b": f32(3, 5), "transpose_b": True},
          (shape(2, 3), shape(3, 5), "transpos")),
    Wrong("dense", "x-scalar", {"x": f32(), "kernel": f32(3, 4)}, (r"\bx\b", SCALAR)),
    Wrong("dense", "kernel-rank", {"x": f32(2, 3), "kernel": f32(3)}, ("kernel", "2", shape(3))),
    Wrong("dense", "features", {"x": f32(2, 3), "kernel": f32(4, 5)},
          (r"\bx\b", number(3), "kernel", shape(4, 5))),
    Wrong("dense", "bias", {"x": f32(2, 3), "kernel": f32(3, 5), "bias": f32(4)},
          ("bias", number(5), number(4))),
    Wrong("dense", "activation", {"x": f32(2, 3), "kernel": f32(3, 5), "activation": "gelu"},
          ("activation", "'gelu'", "relu", "sigmoid", "tanh")),
]  # fmt: skip
