"""Command-line options that several subcommands take, and the types of their values."""

from __future__ import annotations

import argparse
import math
from typing import Any, Protocol

__all__ = [
    "DATA_HELP",
    "add_skip_unreadable",
    "add_threads",
    "count",
    "counts",
    "fraction",
    "image_size",
    "positive",
    "seed",
]


DATA_HELP = (
    "a data set (cifar10, cifar100, fashion_mnist, mnist, digits), or a folder with one "
    "subfolder of pictures per class, or with such folders called train, validation and test; "
    "write ./digits for a folder of that name"
)


class _HasArguments(Protocol):
    """A parser or a group of its arguments."""

    def add_argument(self, *flags: str, **settings: Any) -> argparse.Action: ...


def add_threads(to: _HasArguments) -> None:
    """Adds ``--threads`` to a parser or a group."""
    to.add_argument(
        "--threads", type=count, metavar="N", help="threads to compute with (default: all cores)"
    )


def add_skip_unreadable(to: _HasArguments) -> None:
    """Adds ``--skip-unreadable`` to a parser or a group."""
    to.add_argument(
        "--skip-unreadable",
        action="store_true",
        help="leave out files that cannot be read as pictures, with a warning",
    )


def count(text: str) -> int:
    """A whole number from 1."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return value


def counts(text: str) -> list[int]:
    """Whole numbers from 1 with commas between them."""
    return [count(part) for part in text.split(",")]


def fraction(text: str) -> float:
    """A number from 0, less than 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0, less than 1")
    return value


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def seed(text: str) -> int:
    """A whole number from 0 to 2**32 - 1."""
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1}")
    return value


def image_size(text: str) -> tuple[int, int]:
    """``"64"`` or ``"48x64"`` as height and width."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an image size: give one number of pixels, such as 64, or "
            "HEIGHTxWIDTH, such as 48x64"
        )
    return int(parts[0]), int(parts[-1])
