"""What an operation refuses, and the essential facts of the error's text.

The text names the operation, the argument, what came and what was expected; the wording is the
operation's own. It must be the same for arrays and for Tensors, because both meet one check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Wrong:
    """A call that must fail.

    Attributes:
        op: Name in :mod:`fastcnn.ops`.
        id: What is wrong.
        arguments: By name. Arrays become Tensors where the graph is tested.
        facts: Regular expressions, each of which the text must contain, in any order.
        error: The exception or exceptions.
    """

    op: str
    id: str
    arguments: Mapping[str, Any]
    facts: tuple[str, ...]
    error: type[Exception] | tuple[type[Exception], ...] = ValueError

    @property
    def match(self) -> str:
        return f"(?s)^{self.op}: " + "".join(f"(?=.*(?:{fact}))" for fact in self.facts)

    def __str__(self) -> str:
        return f"{self.op}-{self.id}"


def f32(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def i64(*values: Any) -> np.ndarray:
    return np.array(values, np.int64)


def shape(*sizes: int) -> str:
    """A shape as it must be printed."""
    return re.escape(str(sizes))


def number(value: int) -> str:
    return rf"(?<!\d){value}(?!\d)"


SCALAR = r"\(\)|scalar"

# Above int64, its largest, above int32: each has wrapped around in somebody's checks.
ABSURD = [2**64, 2**63, 2**63 - 1, 2**32, 2**31]


def windows(op: str, base: Mapping[str, Any], *names: str) -> list[Wrong]:
    """Rows of strides, dilation or window sizes, and of padding, that make no window."""
    return [
        Wrong(op, f"{name}-{value}".replace(" ", ""), {**base, name: value}, (fact, got), error)
        for name, fact in [("strides", "stride"), ("dilation", "dilation"), ("size", "size")]
        if name in names
        for value, got, error in [
            (0, number(0), ValueError),
            (-1, number(-1), ValueError),
            ((1, 0), number(0), ValueError),
            ((-(2**63), 1), number(-(2**63)), ValueError),
            *((value, number(value), ValueError) for value in ABSURD),
            ((1, 2, 3), re.escape("(1, 2, 3)"), ValueError),
            ((), re.escape("()"), ValueError),
            (1.5, re.escape("1.5"), TypeError),
            ("2", "'2'", TypeError),
        ]
    ] + [
        Wrong(op, f"padding-{value}".replace(" ", ""), {**base, "padding": value}, facts, error)
        for value, facts, error in [
            ("full", ("padding", "'full'", "valid", "same"), ValueError),
            (-1, ("padding", number(-1)), ValueError),
            ((0, -1), ("padding", number(-1)), ValueError),
            (((0, 0), (0, -2)), ("padding", number(-2)), ValueError),
            *((value, ("padding", number(value)), ValueError) for value in ABSURD),
            ((1, 2, 3), ("padding", re.escape("(1, 2, 3)")), ValueError),
            (((1, 2), (3,)), ("padding", re.escape("(3,)")), ValueError),
            (1.5, ("padding", re.escape("1.5")), TypeError),
            (None, ("padding", "None"), TypeError),
        ]
    ]  # fmt: skip


def along_axis(op: str) -> list[Wrong]:
    """Rows of an axis that is not there, for what works along one."""
    return [
        Wrong(op, "axis", {"x": f32(2, 3), "axis": 2}, ("axis", number(2), r"rank 2|\(2, 3\)")),
        Wrong(op, "axis-negative", {"x": f32(2, 3), "axis": -3},
              ("axis", number(-3), r"rank 2|\(2, 3\)")),
        Wrong(op, "axis-float", {"x": f32(2, 3), "axis": 0.5}, ("axis", r"0\.5"), TypeError),
        Wrong(op, "scalar", {"x": f32()}, ("axis|rank", SCALAR)),
    ]  # fmt: skip
