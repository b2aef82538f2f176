"""What ``compile`` asks for: losses and metrics of a model's outputs, as parts of a graph."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import losses, metrics, ops
from fastcnn.config import serialize
from fastcnn.graph import Tensor
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.trace_mode import origin
from fastcnn.losses import Loss
from fastcnn.metrics import Metric, check_metric
from fastcnn.tree import StructureError, flatten, in_order

__all__ = ["CompileLossAndMetrics", "MetricAccumulator", "StepOutputs"]

Array = NDArray[Any]


@dataclass(frozen=True)
class MetricOutput:
    """A metric of one output, and its sums: numbers, or where they stand among the results.

    Attributes:
        key: The metric's key in logs.
        metric: The metric.
        indices: For each sum its place among a Program's results, or -1.
        numbers: For each sum what it is if it has no place.
    """

    key: str
    metric: Metric
    indices: tuple[int, ...]
    numbers: tuple[Any, ...]


@dataclass(frozen=True)
class StepOutputs:
    """How to read a Program's results: the loss first, then the rest.

    Attributes:
        loss: Scalar Tensor that training makes smaller.
        results: Further Tensors that the Program returns after it.
        losses: Key and index of each output's own loss, if there are several.
        measures: The metrics.
    """

    loss: Tensor
    results: tuple[Tensor, ...]
    losses: tuple[tuple[str, int], ...]
    measures: tuple[MetricOutput, ...]


class CompileLossAndMetrics:
    """Losses and metrics by output.

    Args:
        loss: A loss for all outputs, or a list or dict with one (or None) for each.
        loss_weights: Factor for each, in the same form.
        metrics: Metrics, without sample weights; for several outputs a list or dict of them.
        weighted_metrics: The same, with sample weights.

    Raises:
        ValueError: An unknown name of a metric.
    """

    def __init__(
        self, loss: Any, loss_weights: Any = None, metrics: Any = None, weighted_metrics: Any = None
    ) -> None:
        self.loss = loss
        self.loss_weights = loss_weights
        self.metrics = metrics
        self.weighted_metrics = weighted_metrics
        for item in [*_names(metrics), *_names(weighted_metrics)]:
            check_metric(item)
        self._losses: list[Loss | None] | None = None
        self._metrics: list[list[tuple[Metric, bool]]] | None = None

    def losses(self, names: Any) -> list[Loss | None]:
        """The loss of each output.

        Args:
            names: Of the outputs, in their structure.

        Raises:
            ValueError: Their number or names do not fit the outputs.
        """
        if self._losses is None:
            loss = self.loss
            if isinstance(loss, dict) and "class_name" in loss:
                loss = losses.get(loss)
            if not isinstance(loss, list | tuple | dict):
                loss = [loss] * len(flatten(names))
            each = _by_output(loss, names, "loss")
            found = [None if item is None else losses.get(item) for item in each]
            if not any(found):
                raise ValueError(
                    "no loss: pass one to compile(), e.g. loss='sparse_categorical_crossentropy'"
                )
            self._losses = found
        return self._losses

    def build(
        self,
        y_true: Sequence[Tensor],
        y_pred: Sequence[Tensor],
        weights: Sequence[Tensor],
        names: Any,
    ) -> StepOutputs:
        """Add loss and metrics to the graph.

        Args:
            y_true: Labels, one Tensor per output.
            y_pred: The model's outputs.
            weights: Sample weights: none, one for all, or one per output.
            names: Names of the outputs, in their structure.

        Raises:
            ValueError: Labels or settings do not fit the outputs.
        """
        structure, names = names, flatten(names)
        if not y_true:
            raise ValueError("there are no labels: pass y, or a source of batches (x, y)")
        if len(y_true) != len(y_pred):
            raise ValueError(
                f"the model has {len(y_pred)} outputs ({', '.join(names)}), labels came for "
                f"{len(y_true)}"
            )
        if len(weights) not in (0, 1, len(y_pred)):
            raise ValueError(
                f"sample_weight: one array, or one per output ({len(y_pred)}); got {len(weights)}"
            )
        weight_of = [
            weights[min(i, len(weights) - 1)] if weights else None for i in range(len(names))
        ]
        total, parts = self._total(y_true, y_pred, weight_of, structure)
        results: list[Tensor] = []
        keyed = []
        if len(names) > 1:
            for name, part in parts:
                results.append(part)
                keyed.append((f"{name}_loss", len(results)))
        measures: list[MetricOutput] = []
        for index, (true, pred) in enumerate(zip(y_true, y_pred, strict=True)):
            for metric, weighted in self._resolved(y_true, y_pred, structure)[index]:
                key = metric.name if len(names) == 1 else f"{names[index]}_{metric.name}"
                taken = [measure.key for measure in measures]
                if weighted and key in taken:
                    key = f"weighted_{key}"
                key = _unused(key, taken)
                with origin((f"metrics/{key}",)):
                    sums = metric.measure(true, pred, weight_of[index] if weighted else None)
                indices: list[int] = []
                numbers: list[Any] = []
                for each in sums:
                    symbolic = isinstance(each, Tensor)
                    if symbolic:
                        results.append(each)
                    indices.append(len(results) if symbolic else -1)
                    numbers.append(None if symbolic else each)
                measures.append(MetricOutput(key, metric, tuple(indices), tuple(numbers)))
        return StepOutputs(total, tuple(results), tuple(keyed), tuple(measures))

    def _total(
        self,
        y_true: Sequence[Tensor],
        y_pred: Sequence[Tensor],
        weight_of: Sequence[Tensor | None],
        structure: Any,
    ) -> tuple[Tensor, list[tuple[str, Tensor]]]:
        factors = self.loss_weights
        factors = [factors] if isinstance(factors, int | float) else factors
        names = flatten(structure)
        factors = (
            [None] * len(names)
            if factors is None
            else _by_output(factors, structure, "loss_weights")
        )
        parts, total = [], None
        for index, loss in enumerate(self.losses(structure)):
            if loss is None:
                continue
            part = loss(y_true[index], y_pred[index], weight_of[index])
            if part.shape != ():
                raise ValueError(
                    f"loss {loss.name!r} has reduction='none' and returns shape {part.shape}; "
                    "training needs a scalar: use reduction='sum_over_batch_size'"
                )
            parts.append((names[index], part))
            factor = factors[index]
            if factor is not None:
                factor = np.float32(checked_float32("compile", "loss_weights", factor))
            term = part if factor is None else ops.multiply(part, factor)
            total = term if total is None else ops.add(total, term)
        assert total is not None
        return total, parts

    def _resolved(
        self, y_true: Sequence[Tensor], y_pred: Sequence[Tensor], structure: Any
    ) -> list[list[tuple[Metric, bool]]]:
        """Metrics of each output, made when the shapes are first known."""
        if self._metrics is None:
            self._metrics = [[] for _ in flatten(structure)]
            for given, weighted in ((self.metrics, False), (self.weighted_metrics, True)):
                for index, each in enumerate(_metrics_by_output(given, structure)):
                    self._metrics[index] += [
                        (metrics.resolve(item, y_true[index], y_pred[index]), weighted)
                        for item in each
                    ]
        return self._metrics

    def get_config(self) -> dict[str, Any]:
        """The arguments as JSON data."""
        return {
            "loss": serialize(self.loss),
            "loss_weights": serialize(self.loss_weights),
            "metrics": serialize(self.metrics),
            "weighted_metrics": serialize(self.weighted_metrics),
        }


def _by_output(given: Any, structure: Any, what: str) -> list[Any]:
    """One entry for each output, from a list, a dict by name, or the structure of the outputs."""
    names = flatten(structure)
    try:
        several = isinstance(given, list | tuple) and len(given) != 1
        if isinstance(given, list | tuple | dict) and not (several and len(names) == 1):
            return in_order(given, structure, partial=True)
    except StructureError as error:
        if error.unknown:
            raise ValueError(
                f"{what}: {error.unknown} are not outputs of the model; they are {error.expected}"
            ) from None
    raise ValueError(
        f"{what}: the model has {len(names)} outputs ({', '.join(names)}); give a list of that "
        f"length or a dict by name, got {given!r}"
    )


def _names(given: Any) -> list[str]:
    """The strings in lists of metrics, by output or not."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, dict):
        given = [] if "class_name" in given else list(given.values())
    return (
        [name for item in given for name in _names(item)] if isinstance(given, list | tuple) else []
    )


def _metrics_by_output(given: Any, structure: Any) -> list[list[Any]]:
    names = flatten(structure)
    if given is None:
        return [[] for _ in names]
    single = not isinstance(given, list | tuple | dict) or (
        isinstance(given, dict) and "class_name" in given
    )
    if single:
        given = [given]
    if len(names) == 1 and not isinstance(given, dict):
        given = [given[0] if len(given) == 1 and isinstance(given[0], list | tuple) else given]
    each = _by_output(given, structure, "metrics")
    return [
        [] if item is None else list(item) if isinstance(item, list | tuple) else [item]
        for item in each
    ]


def _unused(key: str, taken: Sequence[str]) -> str:
    """``key``, with a number behind it if a metric of the same name came before."""
    if key not in taken:
        return key
    return next(f"{key}_{i}" for i in range(1, len(taken) + 1) if f"{key}_{i}" not in taken)


class MetricAccumulator:
    """Means over the batches of one loop; each loop has its own, so loops may run side by side."""

    def __init__(self) -> None:
        self._size = 0
        self._loss = 0.0
        self._parts: dict[str, float] = {}
        self._metrics: dict[str, Metric] = {}
        self._plan: StepOutputs | None = None
        self._bound: list[tuple[Metric, MetricOutput]] = []
        self._restored: dict[str, Array] = {}
        # Stand for the metrics of an epoch that is restored with no batch left to go.
        self._results: dict[str, Any] = {}

    def add(self, plan: StepOutputs, results: Sequence[Array], size: int) -> None:
        """Count the results of a Program over a batch of ``size`` examples."""
        if plan is not self._plan:
            self._bind(plan)
        self._size += size
        self._loss += float(results[0]) * size
        for key, index in plan.losses:
            self._parts[key] = self._parts.get(key, 0.0) + float(results[index]) * size
        for metric, measure in self._bound:
            metric.add(
                *[
                    results[index] if index >= 0 else number
                    for index, number in zip(measure.indices, measure.numbers, strict=True)
                ]
            )

    def _bind(self, plan: StepOutputs) -> None:
        self._plan = plan
        for measure in plan.measures:
            if measure.key not in self._metrics:
                self._metrics[measure.key] = copy.copy(measure.metric)
                self._metrics[measure.key].reset_state()
                if measure.key in self._restored:
                    self._metrics[measure.key].restore(self._restored[measure.key])
        self._bound = [(self._metrics[measure.key], measure) for measure in plan.measures]

    def logs(self) -> dict[str, Any]:
        """Means so far by key, the loss first; a metric of several numbers is an array."""
        size = max(self._size, 1)
        logs: dict[str, Any] = {"loss": self._loss / size}
        logs.update((key, value / size) for key, value in self._parts.items())
        logs.update(self._results)
        logs.update((key, metric.result()) for key, metric in self._metrics.items())
        return logs

    def state(self) -> dict[str, Array]:
        """Everything counted, as float64 arrays for :meth:`restore`."""
        parts = {f"loss/{key}": np.array([value]) for key, value in self._parts.items()}
        metrics = {f"metric/{key}": metric.state() for key, metric in self._metrics.items()}
        results = {f"result/{k}": np.asarray(m.result()) for k, m in self._metrics.items()}
        return {
            "loss": np.array([self._size, self._loss], np.float64),
            **parts,
            **metrics,
            **results,
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what :meth:`state` returned."""
        self._size, self._loss = int(state["loss"][0]), float(state["loss"][1])
        for key, array in state.items():
            if key.startswith("loss/"):
                self._parts[key.removeprefix("loss/")] = float(array[0])
            elif key.startswith("metric/"):
                # The metrics themselves are made when the first batch says which there are.
                self._restored[key.removeprefix("metric/")] = array
            elif key.startswith("result/"):
                result = float(array) if array.ndim == 0 else array
                self._results[key.removeprefix("result/")] = result

    @property
    def empty(self) -> bool:
        """Whether nothing was counted."""
        return self._size == 0
