"""Rows of convolution: plain, of single channels, transposed; of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layers.cases.core import CHOICES, penalty
from layers.cases.row import Config, Rng, Row, pick

__all__ = ["CONVOLUTIONS"]

PENALTIES = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")


def each(rng: Rng, rank: int, *choices: int) -> Any:
    """One number, or one for each axis."""
    values = tuple(pick(rng, *choices) for _ in range(rank))
    return pick(rng, values, values[0])


def spread(value: Any, rank: int) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,) * rank


def window(rng: Rng, rank: int, *, paddings: tuple[str, ...], mixed: bool = True) -> dict[str, Any]:
    """Size, strides or dilation, and padding."""
    settings: dict[str, Any] = {"kernel_size": each(rng, rank, 1, 2, 3, 3, 4)}
    kind = pick(rng, "plain", "strides", "dilation_rate")
    if kind != "plain":
        # Their depthwise convolution takes one stride for all axes.
        settings[kind] = each(rng, rank, 1, 2, 3) if mixed else pick(rng, 2, 3)
    settings["padding"] = pick(rng, *paddings)
    return settings


def reach(settings: dict[str, Any], rank: int) -> list[int]:
    """Pixels from the first to the last that a window covers, of each axis."""
    sizes = spread(settings["kernel_size"], rank)
    gaps = spread(settings.get("dilation_rate", 1), rank)
    return [(size - 1) * gap + 1 for size, gap in zip(sizes, gaps, strict=True)]


def image(rng: Rng, rank: int, settings: dict[str, Any], channels: int) -> tuple[int, ...]:
    """A shape that at least one window fits in."""
    extent = [
        length + int(rng.integers(0, 5 if rank < 3 else 3)) for length in reach(settings, rank)
    ]
    return (int(rng.integers(1, 4)), *extent, channels)


def common(rng: Rng, *regularizers: str) -> dict[str, Any]:
    settings = {"activation": pick(rng, *CHOICES), "use_bias": pick(rng, True, True, False)}
    return settings | {name: penalty(rng) for name in regularizers}


def convolution(
    rank: int, paddings: tuple[str, ...] = ("valid", "same")
) -> Callable[[Rng], Config]:
    def draw(rng: Rng) -> Config:
        settings = window(rng, rank, paddings=paddings)
        groups = pick(rng, 1, 1, 1, 2, 3)
        channels = groups * int(rng.integers(1, 4))
        arguments = {
            "filters": groups * int(rng.integers(1, 5)),
            "groups": groups,
            **settings,
            **common(rng, *PENALTIES),
        }
        return Config(arguments, image(rng, rank, settings, channels))

    return draw


def transposed(rank: int) -> Callable[[Rng], Config]:
    def draw(rng: Rng) -> Config:
        settings = window(rng, rank, paddings=("valid", "same"))
        strides = spread(settings.get("strides", 1), rank)
        reaches = reach(settings, rank)
        # Of "same" and windows of even reach, TensorFlow refuses what ends before the last stride.
        least = [int(settings["padding"] == "same" and length % 2 == 0) for length in reaches]
        possible = all(low < step for low, step in zip(least, strides, strict=True))
        if possible and pick(rng, True, False):
            settings["output_padding"] = tuple(
                int(rng.integers(low, step)) for low, step in zip(least, strides, strict=True)
            )
        arguments = {"filters": int(rng.integers(1, 6)), **settings, **common(rng, *PENALTIES)}
        extent = tuple(int(n) for n in rng.integers(2, 6 if rank < 3 else 4, rank))
        shape = (int(rng.integers(1, 4)), *extent, int(rng.integers(1, 6)))
        return Config(arguments, shape)

    return draw


def depthwise(rank: int) -> Callable[[Rng], Config]:
    def draw(rng: Rng) -> Config:
        settings = window(rng, rank, paddings=("valid", "same"), mixed=False)
        arguments = {
            "depth_multiplier": pick(rng, 1, 1, 2, 3),
            **settings,
            **common(rng, "depthwise_regularizer", *PENALTIES[1:]),
        }
        return Config(arguments, image(rng, rank, settings, int(rng.integers(1, 9))))

    return draw


def separable(rank: int) -> Callable[[Rng], Config]:
    def draw(rng: Rng) -> Config:
        settings = window(rng, rank, paddings=("valid", "same"), mixed=False)
        arguments = {
            "filters": int(rng.integers(1, 6)),
            "depth_multiplier": pick(rng, 1, 1, 2, 3),
            **settings,
            **common(rng, "depthwise_regularizer", "pointwise_regularizer", *PENALTIES[1:]),
        }
        return Config(arguments, image(rng, rank, settings, int(rng.integers(1, 6))))

    return draw


CONVOLUTIONS = [
    Row("Conv1D", convolution(1, ("valid", "same", "causal")), count=16),
    Row("Conv2D", convolution(2), count=20),
    Row("Conv3D", convolution(3), count=14),
    Row("DepthwiseConv1D", depthwise(1), count=10),
    Row("DepthwiseConv2D", depthwise(2), count=14),
    Row("SeparableConv1D", separable(1), count=10),
    Row("SeparableConv2D", separable(2), count=14),
    Row("Conv1DTranspose", transposed(1), count=14),
    Row("Conv2DTranspose", transposed(2), count=18),
    Row("Conv3DTranspose", transposed(3), count=12),
]
