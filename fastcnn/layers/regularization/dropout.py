"""Layers that act in training only: dropout, noise and penalties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import ops, regularizers
from fastcnn.graph import Tensor, constant
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.trace_context import current_trace
from fastcnn.layers.base.validation import channels_last, spatial_rank
from fastcnn.seeding import next_seed

__all__ = [
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]


class _Random(Layer):
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
                "fastcnn.tracing(training=True) as trace:' and hand trace.step to training_step"
            )
        return trace.seed(self.seed)


def _rate(owner: str, rate: Any) -> float:
    if not 0 <= rate <= 1:
        raise ValueError(f"{owner}: rate must lie between 0 and 1, got {rate}")
    return rate  # type: ignore[no-any-return]


def _seed(seed: int | None) -> int:
    return next_seed() if seed is None else int(seed)


def _noise_shape(owner: str, shape: Sequence[int | None] | None) -> tuple[int | None, ...] | None:
    if shape is None:
        return None
    sizes = tuple(shape)
    if not all(size is None or (isinstance(size, int) and size > 0) for size in sizes):
        raise ValueError(
            f"{owner}: noise_shape must hold positive sizes, or None for those of the input, got "
            f"{shape}"
        )
    return sizes


def _mask_shape(layer: Layer, x: Any, shape: tuple[int | None, ...]) -> tuple[int, ...]:
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


def _ones(shape: tuple[int, ...]) -> Tensor:
    return constant(np.ones(shape, np.float32))


class Dropout(_Random):
    """Sets a random share of values to 0 in training and scales the others up.

    Which ones depends on the seed, the number of the step and the position alone: runs repeat
    exactly, on any number of threads and after a restart.

    Args:
        rate: Share of values dropped, in ``[0, 1]``; with 1 nothing is left.
        noise_shape: Shape of what is drawn: values along an axis of size 1 are dropped together.
            ``None`` stands for a size of the input.
        seed: Integer; ``None`` draws one, which is then kept and saved.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: ``rate`` outside ``[0, 1]``, or a ``noise_shape`` that does not fit.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.rate = _rate("Dropout", rate)
        self.noise_shape = _noise_shape("Dropout", noise_shape)
        self.seed = _seed(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` with a share of zeros in training, ``x`` itself otherwise."""
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return constant(np.zeros(x.shape, np.float32))
        if self.noise_shape is None:
            return ops.dropout(x, self.rate, self.step_seed())
        ones = _ones(_mask_shape(self, x, self.noise_shape))
        return ops.multiply(x, ops.dropout(ones, self.rate, self.step_seed()))


class _SpatialDropout(_Random):
    """Drops whole channels."""

    rate: float
    _RANK = 2

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` without some of its channels in training, ``x`` itself otherwise."""
        spatial_rank(self, x.shape, self._RANK)
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return constant(np.zeros(x.shape, np.float32))
        ones = _ones((x.shape[0], *[1] * self._RANK, x.shape[-1]))
        return ops.multiply(x, ops.dropout(ones, self.rate, self.step_seed()))


class SpatialDropout1D(_SpatialDropout):
    """Drops whole channels of sequences ``(batch, steps, channels)`` in training.

    Args:
        rate: Share of channels dropped, in ``[0, 1]``.
        seed: Integer; ``None`` draws one, which is then kept and saved.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    _RANK = 1

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.rate = _rate("SpatialDropout1D", rate)
        self.seed = _seed(seed)


class SpatialDropout2D(_SpatialDropout):
    """Drops whole channels of images ``(batch, height, width, channels)`` in training.

    Args:
        rate: Share of channels dropped, in ``[0, 1]``.
        data_format: ``"channels_last"``, the only one.
        seed: Integer; ``None`` draws one, which is then kept and saved.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.rate = _rate("SpatialDropout2D", rate)
        self.data_format = channels_last(data_format, "SpatialDropout2D")
        self.seed = _seed(seed)


class SpatialDropout3D(_SpatialDropout):
    """Drops whole channels of volumes ``(batch, depth, height, width, channels)`` in training.

    Args:
        rate: Share of channels dropped, in ``[0, 1]``.
        data_format: ``"channels_last"``, the only one.
        seed: Integer; ``None`` draws one, which is then kept and saved.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    _RANK = 3

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.rate = _rate("SpatialDropout3D", rate)
        self.data_format = channels_last(data_format, "SpatialDropout3D")
        self.seed = _seed(seed)


class GaussianNoise(_Random):
    """Adds normal noise of mean 0 in training.

    Args:
        stddev: Its standard deviation; at least 0.
        seed: Integer; ``None`` draws one, which is then kept and saved.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: A negative deviation.
    """

    def __init__(
        self,
        stddev: float,
        seed: int | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        if not stddev >= 0:
            raise ValueError(f"GaussianNoise: stddev must be at least 0, got {stddev}")
        self.stddev = stddev
        self.seed = _seed(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` with noise in training, ``x`` itself otherwise."""
        if not training or self.stddev == 0:
            return x
        noise = ops.random_normal(x.shape, self.step_seed())
        return ops.add(x, ops.multiply(noise, np.float32(self.stddev)))


class GaussianDropout(_Random):
    """Multiplies by normal noise of mean 1 and deviation ``sqrt(rate / (1 - rate))`` in training.

    Args:
        rate: In ``[0, 1)``.
        seed: Integer; ``None`` draws one, which is then kept and saved.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: Another rate.
    """

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        if not 0 <= rate < 1:
            raise ValueError(f"GaussianDropout: rate must be at least 0 and below 1, got {rate}")
        self.rate = rate
        self.seed = _seed(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` times noise in training, ``x`` itself otherwise."""
        if not training or self.rate == 0:
            return x
        deviation = np.float32(math.sqrt(self.rate / (1 - self.rate)))
        noise = ops.random_normal(x.shape, self.step_seed())
        return ops.multiply(x, ops.add(ops.multiply(noise, deviation), 1.0))


class AlphaDropout(_Random):
    """Dropout that keeps mean and variance of what SELU makes.

    In training a random share of values takes the value that SELU tends to for negative numbers,
    and all are then scaled and shifted (Klambauer et al., NIPS 2017).

    Args:
        rate: Share of values dropped, in ``[0, 1]``.
        noise_shape: Shape of what is drawn, as in :class:`Dropout`.
        seed: Integer; ``None`` draws one, which is then kept and saved.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: ``rate`` outside ``[0, 1]``, or a ``noise_shape`` that does not fit.
    """

    #: Minus scale times alpha of SELU.
    _FLOOR = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.rate = _rate("AlphaDropout", rate)
        self.noise_shape = _noise_shape("AlphaDropout", noise_shape)
        self.seed = _seed(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` with a share of SELU's least value in training, ``x`` itself otherwise."""
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return constant(np.zeros(x.shape, np.float32))
        shape = self.noise_shape or (None,) * x.ndim
        kept = 1 - self.rate
        drawn = ops.dropout(_ones(_mask_shape(self, x, shape)), self.rate, self.step_seed())
        mask = ops.multiply(drawn, np.float32(kept))
        scale = (kept * (1 + self.rate * self._FLOOR**2)) ** -0.5
        shift = -scale * self._FLOOR * self.rate
        lost = ops.multiply(ops.subtract(1.0, mask), np.float32(self._FLOOR))
        chosen = ops.add(ops.multiply(x, mask), lost)
        return ops.add(ops.multiply(chosen, np.float32(scale)), np.float32(shift))


class ActivityRegularization(Layer):
    """Hands values on, and adds a penalty on them to the loss, divided by the size of the batch.

    Args:
        l1: Factor of the sum of sizes.
        l2: Factor of the sum of squares.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: A negative factor.
    """

    def __init__(
        self,
        l1: float = 0.0,
        l2: float = 0.0,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.activity_regularizer = regularizers.L1L2(l1, l2)
        self.l1 = l1
        self.l2 = l2

    def call(self, x: Any) -> Any:
        """``x`` itself."""
        return x
