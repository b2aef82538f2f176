"""Noise and dropout that keep mean and variance of what they are given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.layers.regularization.random_layer import (
    RandomLayer,
    checked_noise_shape,
    checked_rate,
    mask_shape,
    ones_of,
    seed_or_next,
)
from fastcnn.ops.reduction.sums import filled

__all__ = ["AlphaDropout", "GaussianDropout", "GaussianNoise"]


class GaussianNoise(RandomLayer):
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
        self.stddev = checked_float32("GaussianNoise", "stddev", stddev)
        self.seed = seed_or_next(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` with noise in training, ``x`` itself otherwise."""
        if not training or self.stddev == 0:
            return x
        noise = ops.random_normal(x.shape, self.step_seed())
        return ops.add(x, ops.multiply(noise, np.float32(self.stddev)))


class GaussianDropout(RandomLayer):
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
        self.seed = seed_or_next(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` times noise in training, ``x`` itself otherwise."""
        if not training or self.rate == 0:
            return x
        deviation = np.float32(math.sqrt(self.rate / (1 - self.rate)))
        noise = ops.random_normal(x.shape, self.step_seed())
        return ops.multiply(x, ops.add(ops.multiply(noise, deviation), 1.0))


class AlphaDropout(RandomLayer):
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
        self.rate = checked_rate("AlphaDropout", rate)
        self.noise_shape = checked_noise_shape("AlphaDropout", noise_shape)
        self.seed = seed_or_next(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` with a share of SELU's least value in training, ``x`` itself otherwise."""
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return filled(x.shape, 0)
        shape = self.noise_shape or (None,) * x.ndim
        kept = 1 - self.rate
        drawn = ops.dropout(ones_of(mask_shape(self, x, shape)), self.rate, self.step_seed())
        scale = (kept * (1 + self.rate * self._FLOOR**2)) ** -0.5
        shift = -scale * self._FLOOR * self.rate
        chosen = ops.where(drawn, x, np.float32(self._FLOOR))
        return ops.add(ops.multiply(chosen, np.float32(scale)), np.float32(shift))
