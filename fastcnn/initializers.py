"""First values of weights: Keras' initializers, drawn from a counter-based generator."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastcnn.config import Configurable, Registry
from fastcnn.seeding import next_seed

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "get",
]

Array = NDArray[Any]

# Standard deviation of a normal distribution of deviation 1 that is cut at two deviations.
_TRUNCATED_DEVIATION = 0.87962566103423978


class Initializer(Configurable):
    """Makes an array of a shape: ``initializer(shape, dtype)``."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype)")


class Constant(Initializer):
    """Every element is ``value``."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        return np.full(tuple(shape), self.value, dtype)


class Zeros(Initializer):
    """Every element is 0."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        return np.zeros(tuple(shape), dtype)


class Ones(Initializer):
    """Every element is 1."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        return np.ones(tuple(shape), dtype)


class Identity(Initializer):
    """``gain`` on the diagonal of a matrix, 0 elsewhere."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """A matrix of ``shape``."""
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices, got shape {tuple(shape)}")
        diagonal: Array = self.gain * np.eye(int(shape[0]), int(shape[1]))
        return diagonal.astype(dtype)


class RandomInitializer(Initializer):
    """Base of the random ones. One object gives the same numbers every time, as in Keras."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self._key = next_seed() if seed is None else seed

    def _generator(self) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=self._key & ((1 << 64) - 1)))


class RandomUniform(RandomInitializer):
    """Uniform numbers in ``[minval, maxval)``."""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        return _uniform(self._generator(), self.minval, self.maxval, shape).astype(
            dtype, copy=False
        )


class RandomNormal(RandomInitializer):
    """Normal numbers around ``mean`` with deviation ``stddev``."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        values = self._generator().standard_normal(tuple(shape), np.float32)
        scaled: Array = values * np.float32(self.stddev) + np.float32(self.mean)
        return scaled.astype(dtype, copy=False)


class TruncatedNormal(RandomNormal):
    """Normal numbers; those more than two deviations from the mean are drawn again."""

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        values = _truncated_normal(self._generator(), self.mean, self.stddev, shape)
        return values.astype(dtype, copy=False)


class Orthogonal(RandomInitializer):
    """A random matrix with orthogonal rows or columns of length ``gain``, whichever are fewer.

    All axes but the last count as one. From the QR decomposition of normal numbers (Saxe et al.,
    2014), with signs that make every orthogonal matrix as likely.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs two axes or more, got shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        values = self._generator().standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(values)
        q *= np.where(np.diag(r) < 0, -1, 1)
        q = q.T if rows < columns else q
        return np.ascontiguousarray(self.gain * q, dtype).reshape(tuple(shape))


class VarianceScaling(RandomInitializer):
    """Random numbers whose variance is ``scale / n``, ``n`` being the fan of the weight.

    Args:
        scale: Positive factor.
        mode: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``.
        distribution: ``"truncated_normal"``, ``"untruncated_normal"`` or ``"uniform"``.
        seed: Integer; ``None`` draws one.

    Raises:
        ValueError: A value outside these lists.
    """

    _MODES = ("fan_in", "fan_out", "fan_avg")
    _DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        if not scale > 0:
            raise ValueError(f"VarianceScaling: scale must be positive, got {scale}")
        if mode not in self._MODES:
            raise ValueError(f"VarianceScaling: mode must be one of {self._MODES}, got {mode!r}")
        if distribution not in self._DISTRIBUTIONS:
            raise ValueError(
                f"VarianceScaling: distribution must be one of {self._DISTRIBUTIONS}, got "
                f"{distribution!r}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution

    def __call__(self, shape: Sequence[int], dtype: DTypeLike = "float32") -> Array:
        """An array of ``shape``."""
        fan_in, fan_out = _fans(tuple(shape))
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        generator = self._generator()
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            values = _uniform(generator, -limit, limit, shape)
        elif self.distribution == "truncated_normal":
            deviation = math.sqrt(variance) / _TRUNCATED_DEVIATION
            values = _truncated_normal(generator, 0.0, deviation, shape)
        else:
            values = generator.standard_normal(tuple(shape), np.float32) * np.float32(
                math.sqrt(variance)
            )
        return values.astype(dtype, copy=False)


class _Preset(VarianceScaling):
    """A :class:`VarianceScaling` with fixed settings."""

    _not_configured = frozenset()
    _SCALE = 1.0
    _MODE = "fan_avg"
    _DISTRIBUTION = "uniform"

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(self._SCALE, self._MODE, self._DISTRIBUTION, seed)


class GlorotUniform(_Preset):
    """Uniform in ``±sqrt(6 / (fan_in + fan_out))``."""


class GlorotNormal(_Preset):
    """Truncated normal of variance ``2 / (fan_in + fan_out)``."""

    _DISTRIBUTION = "truncated_normal"


class HeUniform(_Preset):
    """Uniform in ``±sqrt(6 / fan_in)``."""

    _SCALE, _MODE = 2.0, "fan_in"


class HeNormal(_Preset):
    """Truncated normal of variance ``2 / fan_in``."""

    _SCALE, _MODE, _DISTRIBUTION = 2.0, "fan_in", "truncated_normal"


class LecunUniform(_Preset):
    """Uniform in ``±sqrt(3 / fan_in)``."""

    _MODE = "fan_in"


class LecunNormal(_Preset):
    """Truncated normal of variance ``1 / fan_in``."""

    _MODE, _DISTRIBUTION = "fan_in", "truncated_normal"


def _fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Inputs and outputs of one unit of a weight ``(..., in, out)``."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    taps = math.prod(shape[:-2])
    return float(shape[-2] * taps), float(shape[-1] * taps)


def _uniform(
    generator: np.random.Generator, low: float, high: float, shape: Sequence[int]
) -> Array:
    values: Array = generator.random(tuple(shape), np.float32)
    values *= np.float32(high - low)
    values += np.float32(low)
    return values


def _truncated_normal(
    generator: np.random.Generator, mean: float, deviation: float, shape: Sequence[int]
) -> Array:
    values = generator.standard_normal(math.prod(shape), np.float32)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        values[outside] = generator.standard_normal(outside.size, np.float32)
        outside = outside[np.abs(values[outside]) > 2]
    scaled: Array = values.reshape(tuple(shape)) * np.float32(deviation) + np.float32(mean)
    return scaled


_CLASSES: tuple[type[Initializer], ...] = (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
_SHORT_NAMES = {
    "constant": Constant,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "identity": Identity,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
    "ones": Ones,
    "orthogonal": Orthogonal,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling,
    "zeros": Zeros,
}
_TABLE: dict[str, type[Initializer]] = {c.__name__: c for c in _CLASSES} | _SHORT_NAMES
_REGISTRY = Registry("initializer", Initializer, _TABLE)


def get(identifier: Any) -> Callable[..., Array]:
    """The initializer that a name, a configuration or a callable stands for.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    return _REGISTRY.get(identifier)  # type: ignore[no-any-return]
