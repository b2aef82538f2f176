"""What layers that draw random numbers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn.graph import Tensor
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.trace_context import current_trace
from fastcnn.ops.reduction.sums import filled
from fastcnn.seeding import next_seed

__all__ = [
    "RandomLayer",
    "checked_noise_shape",
    "checked_rate",
    "mask_shape",
    "ones_of",
    "seed_or_next",
]


class RandomLayer(Layer):
    """Draws numbers that depend on the seed, the number of the step and the position alone: runs
    repeat exactly, on any number of threads and after a restart.
    """

    seed: int

    def step_seed(self) -> Tensor:
        """The seed of this step, as a part of the graph."""
        trace = current_trace()
        if trace is None:
            raise RuntimeError(
                f"layer {self.name!r}: {type(self).__name__} on graph Tensors in training needs "
                "somewhere to leave its step input: call the layer inside 'with "
                "fastcnn.tracing(training=True) as trace:' and pass trace.step to training_step"
            )
        return trace.seed(self.seed)


def checked_rate(owner: str, rate: Any) -> float:
    """``rate``, which must lie between 0 and 1.

    Raises:
        ValueError: It does not.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"{owner}: rate must lie between 0 and 1, got {rate}")
    return rate  # type: ignore[no-any-return]


def seed_or_next(seed: int | None) -> int:
    """``seed``, or the next one that follows from the seed of the program."""
    return next_seed() if seed is None else int(seed)


def checked_noise_shape(
    owner: str, shape: Sequence[int | None] | None
) -> tuple[int | None, ...] | None:
    """``shape`` as a tuple.

    Raises:
        ValueError: A size is not positive.
    """
    if shape is None:
        return None
    sizes = tuple(shape)
    if not all(size is None or (isinstance(size, int) and size > 0) for size in sizes):
        raise ValueError(
            f"{owner}: noise_shape must hold positive sizes, or None for those of the input, got "
            f"{shape}"
        )
    return sizes


def mask_shape(layer: Layer, x: Any, shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """The shape of the mask for an input: sizes that are None are the input's."""
    if len(shape) != x.ndim or any(
        size not in (None, 1, extent) for size, extent in zip(shape, x.shape, strict=False)
    ):
        raise ValueError(
            f"layer {layer.name!r}: noise_shape={shape} does not fit an input of shape "
            f"{tuple(x.shape)}: each size must be None, 1 or the input's"
        )
    return tuple(
        extent if size is None else size for size, extent in zip(shape, x.shape, strict=True)
    )


def ones_of(shape: tuple[int, ...]) -> Tensor:
    """A constant of ones."""
    return filled(shape, 1)
