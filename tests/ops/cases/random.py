"""What a seed decides: dropout, normal numbers, and seeds made of seeds."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ops.cases.bounds import Inputs, scaled, ulps
from ops.cases.case import CHANNELS, INF, NAN, Case, Maker, array, arrays, normal
from ops.cases.wrong import Wrong, f32, i64, shape


def dropout(id: str, x: Maker, rate: float, seed: int, dtype: str = "uint64") -> Case:
    return Case(
        "dropout",
        id,
        {"x": x, "seed": array(seed, dtype)},
        {"rate": rate},
        ulps(2),
        scaled(1 / (1 - rate)),
        ("x",),
    )


def fold_seed(id: str, seed: int, dtype: str, *numbers: int) -> Case:
    return Case(
        "fold_seed",
        id,
        {"seed": array(seed, dtype), "numbers": arrays(*(array(n, "int64") for n in numbers))},
    )


def normal_numbers(id: str, shape: tuple[int, ...], seed: int, dtype: str = "uint64") -> Case:
    def error(case: Case, inputs: Inputs, exact: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
        # What the kernel's comment promises.
        return (1e-6 * (1 + abs(exact[0])),)

    return Case("random_normal", id, {"seed": array(seed, dtype)}, {"shape": shape}, error)


SEEDED = [
    dropout("half", normal(3, 5), 0.5, 1),
    dropout("quarter", normal(4, 9), 0.25, 12345),
    dropout("third", normal(4, 9), 1 / 3, 7),
    dropout("nearly-all", normal(50), 0.99, 3),
    dropout("none", normal(3, 5), 0.0, 9),
    dropout("scalar", normal(), 0.5, 0),
    dropout("empty", normal(0, 4), 0.5, 0),
    dropout("seed-zero", normal(9), 0.5, 0),
    dropout("seed-high-bits", normal(33), 0.5, 5 << 32),
    dropout("seed-largest", normal(33), 0.5, 2**64 - 1),
    dropout("seed-int64", normal(33), 0.5, 17, "int64"),
    dropout("seed-negative", normal(33), 0.5, -17, "int64"),
    *(dropout(f"size-{n}", normal(n), 0.5, n) for n in CHANNELS),
    dropout("large", normal(3, 33, 33, 16), 0.4, 2**40 + 3),
    fold_seed("one", 0, "int64", 0),
    # Seeds are no larger in real networks: what is measured is the price of a call.
    fold_seed("several", 12345, "int64", 1, 2**40, 3),
    fold_seed("uint64", 2**64 - 1, "uint64", 7),
    fold_seed("negative", -5, "int64", -1, -(2**63)),
    Case("dropout", "special", {"x": array([NAN, INF, -INF, 1.0] * 4), "seed": array(5, "uint64")},
         {"rate": 0.5}, ulps(2)),
]  # fmt: skip

NORMAL_NUMBERS = [
    normal_numbers("33", (33,), 5),
    normal_numbers("image", (2, 3, 5, 7), 2**63 + 9),
    normal_numbers("int64", (17,), -3, "int64"),
    normal_numbers("empty", (0, 4), 1),
    normal_numbers("scalar", (), 8),
    normal_numbers("several-items", (3, 8191), 77),
]

CASES = [*SEEDED, *NORMAL_NUMBERS]

ERRORS = [
    *(
        Wrong("dropout", f"rate-{rate}", {"x": f32(3), "rate": rate, "seed": np.array(1,
              np.uint64)},
              ("rate", re.escape(str(rate))))
        for rate in (1.0, -0.1, 1.5, float("nan"))
    ),
    Wrong("dropout", "rate-text",
          {"x": f32(3), "rate": "half", "seed": np.array(1, np.uint64)},
          ("rate", "half"), TypeError),
    Wrong("dropout", "seed-rank", {"x": f32(3), "rate": 0.5, "seed": i64(1, 2)},
          ("seed", shape(2))),
    Wrong("dropout", "seed-dtype", {"x": f32(3), "rate": 0.5, "seed": f32()},
          ("seed", "64", "float32"), TypeError),
    Wrong("random_normal", "shape", {"shape": (2, -1), "seed": i64(3).reshape(())},
          ("shape", "negative", "-1")),
    Wrong("random_normal", "seed", {"shape": (2,), "seed": i64(3)}, ("seed", shape(1))),
]  # fmt: skip
