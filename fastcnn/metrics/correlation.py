"""How well outputs follow labels: directions, correlations, explained variance."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import losses, ops
from fastcnn.losses.functions import same_shape
from fastcnn.metrics.accumulator import Counts, divided, spread_weight
from fastcnn.metrics.metric import Metric

__all__ = [
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "PearsonCorrelation",
    "R2Score",
    "concordance_correlation",
    "pearson_correlation",
]

Array = NDArray[Any]

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


def _centred(y: Any, axis: Any) -> Any:
    return ops.subtract(y, ops.mean(y, axis=axis, keepdims=True))


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation along an axis: -1 to 1; NaN where one does not vary.

    Args:
        y_true: Numbers; array or Tensor.
        y_pred: The same shape, float32.
        axis: Along which; it is dropped.
    """
    y_true, y_pred = same_shape("pearson_correlation", y_true, y_pred)
    t, p = _centred(y_true, axis), _centred(y_pred, axis)
    t_var, p_var = (ops.mean(ops.square(y), axis=axis) for y in (t, p))
    together = ops.mean(ops.multiply(t, p), axis=axis)
    return ops.divide(together, ops.multiply(ops.sqrt(t_var), ops.sqrt(p_var)))


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """How well pairs lie on the line of equality.

    Lin 1989, "A concordance correlation coefficient to evaluate reproducibility":
    ``2 cov / (var + var + (mean - mean)^2)``. Arguments as :func:`pearson_correlation`.
    """
    y_true, y_pred = same_shape("concordance_correlation", y_true, y_pred)
    t, p = _centred(y_true, axis), _centred(y_pred, axis)
    spread = ops.add(ops.mean(ops.square(t), axis=axis), ops.mean(ops.square(p), axis=axis))
    apart = ops.subtract(ops.mean(y_true, axis=axis), ops.mean(y_pred, axis=axis))
    below = ops.add(ops.add(spread, ops.square(apart)), np.float32(1e-7))
    together = ops.mean(ops.multiply(t, p), axis=axis)
    return ops.divide(ops.multiply(together, np.float32(2)), below)


class CosineSimilarity(Metric):
    """Mean cosine of the angle between labels and outputs: 1 where they agree."""

    def __init__(self, name: str = "cosine_similarity", dtype: None = None, axis: int = -1) -> None:
        super().__init__(dtype, name)
        self.axis = axis

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """The cosine: minus :func:`fastcnn.losses.cosine_similarity`."""
        return ops.negative(losses.cosine_similarity(y_true, y_pred, self.axis))


class PearsonCorrelation(Metric):
    """Mean of :func:`pearson_correlation`."""

    def __init__(
        self, name: str = "pearson_correlation", dtype: None = None, axis: int = -1
    ) -> None:
        super().__init__(dtype, name)
        self.axis = axis

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`pearson_correlation`."""
        return pearson_correlation(y_true, y_pred, self.axis)


class ConcordanceCorrelation(Metric):
    """Mean of :func:`concordance_correlation`."""

    def __init__(
        self, name: str = "concordance_correlation", dtype: None = None, axis: int = -1
    ) -> None:
        super().__init__(dtype, name)
        self.axis = axis

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`concordance_correlation`."""
        return concordance_correlation(y_true, y_pred, self.axis)


class R2Score(Counts):
    """Share of the labels' variance that outputs explain: 1 is perfect, 0 is as good as the mean.

    Labels and outputs are ``(examples, numbers)``.

    Args:
        class_aggregation: ``"uniform_average"`` is the mean over numbers,
            ``"variance_weighted_average"`` weighs each by its variance, ``None`` returns an array.
        num_regressors: Of a linear model: the score is adjusted for so many; 0 is the plain score.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
    """

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: None = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"R2Score: class_aggregation must be one of {_AGGREGATIONS}, got "
                f"{class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors must be 0 or more, got {num_regressors!r}")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """Weight, mean, what rounding took from it, squared distance, residual, numbers.

        See :class:`~fastcnn.metrics.Metric`.
        """
        y_true, y_pred = same_shape("R2Score", y_true, y_pred)
        shape = tuple(y_true.shape)
        if len(shape) != 2:
            raise ValueError(
                f"R2Score: labels and outputs must be (examples, numbers), got shape {shape}"
            )
        weight: Any = np.ones(shape, np.float32)
        if sample_weight is not None:
            weight = spread_weight("R2Score", sample_weight, shape)
            y_true, y_pred = ops.where(weight, y_true), ops.where(weight, y_pred)
        total = ops.sum(weight, axis=0)
        safe = ops.add(total, ops.equal(total, np.float32(0)))
        mean = ops.divide(ops.sum(ops.multiply(y_true, weight), axis=0), safe)
        apart = ops.subtract(y_true, mean)
        lost = ops.divide(ops.sum(ops.multiply(apart, weight), axis=0), safe)
        distance, residual = (
            ops.sum(ops.multiply(ops.square(y), weight), axis=0)
            for y in (apart, ops.subtract(y_true, y_pred))
        )
        return total, mean, lost, distance, residual, float(np.prod(shape))

    def add(self, *sums: Any) -> None:
        """Count a batch; distances from two means become those from the common one.

        Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing
        sample variances".
        """
        total, mean, lost, distance, residual, count = (np.asarray(x, np.float64) for x in sums)
        new = [total, mean + lost, distance - total * lost**2, residual, count]
        if self.sums:
            a, b = self.sums[0], new[0]
            apart = new[1] - self.sums[1]
            mean = self.sums[1] + apart * divided(b, a + b)
            between = apart**2 * divided(a * b, a + b)
            new = [old + each for old, each in zip(self.sums, new, strict=True)]
            new[1], new[2] = mean, new[2] + between
        self.sums = new

    def result_shape(self, sums: Sequence[Array]) -> tuple[int, ...]:
        """With ``class_aggregation=None`` one number for each output."""
        if self.class_aggregation is not None:
            return ()
        return sums[0].shape if sums else (0,)

    def score(self, *sums: Array) -> Any:
        """The score, adjusted if there are regressors."""
        _, _, total, residual, samples = sums
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = 1 - residual / total
        scores = np.where(np.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation is not None:
            scores = divided((total * scores).sum(), total.sum())
        if not self.num_regressors:
            return scores
        free = float(samples) - self.num_regressors - 1
        if free <= 0:
            warnings.warn(
                f"R2Score: {float(samples):g} numbers are too few to adjust for "
                f"{self.num_regressors} regressors; this is the plain score",
                stacklevel=3,
            )
            return scores
        return 1 - (1 - scores) * (float(samples) - 1) / free
