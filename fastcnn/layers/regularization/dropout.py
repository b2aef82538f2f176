"""Dropout of single values and of whole channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import ops
from fastcnn.layers.base.validation import channels_last, spatial_rank
from fastcnn.layers.regularization.random_layer import (
    RandomLayer,
    checked_noise_shape,
    checked_rate,
    mask_shape,
    ones_of,
    seed_or_next,
)
from fastcnn.ops.reduction.sums import filled

__all__ = ["Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


class Dropout(RandomLayer):
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
        self.rate = checked_rate("Dropout", rate)
        self.noise_shape = checked_noise_shape("Dropout", noise_shape)
        self.seed = seed_or_next(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` with a share of zeros in training, ``x`` itself otherwise."""
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return filled(x.shape, 0)
        if self.noise_shape is None:
            return ops.dropout(x, self.rate, self.step_seed())
        ones = ones_of(mask_shape(self, x, self.noise_shape))
        return ops.multiply(x, ops.dropout(ones, self.rate, self.step_seed()))


class _SpatialDropout(RandomLayer):
    """Drops whole channels."""

    rate: float
    _RANK = 2

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` without some of its channels in training, ``x`` itself otherwise."""
        spatial_rank(self, x.shape, self._RANK)
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return filled(x.shape, 0)
        ones = ones_of((x.shape[0], *[1] * self._RANK, x.shape[-1]))
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
        self.rate = checked_rate("SpatialDropout1D", rate)
        self.seed = seed_or_next(seed)


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
        self.rate = checked_rate("SpatialDropout2D", rate)
        self.data_format = channels_last(data_format, "SpatialDropout2D")
        self.seed = seed_or_next(seed)


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
        self.rate = checked_rate("SpatialDropout3D", rate)
        self.data_format = channels_last(data_format, "SpatialDropout3D")
        self.seed = seed_or_next(seed)
