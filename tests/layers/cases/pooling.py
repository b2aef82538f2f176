"""Rows of pooling."""

from __future__ import annotations

from collections.abc import Callable

from layers.cases.row import Config, Rng, Row, pick, sizes

__all__ = ["POOLING"]


def windows(rank: int) -> Callable[[Rng], Config]:
    def draw(rng: Rng) -> Config:
        size = sizes(rng, rank, 1, 3)
        arguments = {
            "pool_size": pick(rng, size, size[0]),
            "strides": pick(rng, None, sizes(rng, rank, 1, 3), 2),
            "padding": pick(rng, "valid", "same"),
        }
        return Config(arguments, (*sizes(rng, 1), *sizes(rng, rank, 3, 7), *sizes(rng, 1)))

    return draw


def whole(rank: int) -> Callable[[Rng], Config]:
    return lambda rng: Config({"keepdims": pick(rng, True, False)}, sizes(rng, rank + 2))


def cells(rank: int) -> Callable[[Rng], Config]:
    def draw(rng: Rng) -> Config:
        # At least 2: of a single cell Keras' TensorFlow backend divides by zero.
        output = sizes(rng, rank, 2, 4)
        shape = (*sizes(rng, 1), *sizes(rng, rank, 4, 8), *sizes(rng, 1))
        return Config({"output_size": pick(rng, output, output[0])}, shape)

    return draw


POOLING = [
    Row(f"{kind}{rank}D", draw(rank), count=count)
    for rank in (1, 2, 3)
    for kind, draw, count in [
        ("MaxPooling", windows, 8),
        ("AveragePooling", windows, 8),
        ("GlobalMaxPooling", whole, 3),
        ("GlobalAveragePooling", whole, 3),
        ("AdaptiveMaxPooling", cells, 4),
        ("AdaptiveAveragePooling", cells, 4),
    ]
]
