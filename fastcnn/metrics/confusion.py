"""Which class was taken for which: the matrix, and a report for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.graph.array_like import as_array
from fastcnn.losses.functions import as_dtype
from fastcnn.metrics.accumulator import Counts, divided, spread_weight

__all__ = ["ConfusionMatrix", "classification_report", "confusion_matrix", "report_of"]

Array = NDArray[Any]

_NORMALIZE = (None, "true", "pred", "all")


def _normalized(owner: str, matrix: Array, normalize: str | None) -> Array:
    if normalize not in _NORMALIZE:
        raise ValueError(
            f"{owner}: normalize must be None, 'true', 'pred' or 'all', got {normalize!r}"
        )
    if normalize is None:
        return matrix
    if normalize == "all":
        return divided(matrix, matrix.sum())
    return divided(matrix, matrix.sum(1 if normalize == "true" else 0, keepdims=True))


class ConfusionMatrix(Counts):
    """How often each class (row) was taken for each class (column).

    Labels are class numbers or one-hot. Outputs are scores, of which the largest is the guess; a
    single output means "class 1" above 0.5.

    Args:
        num_classes: Number of classes; ``None`` takes that of the outputs.
        normalize: ``"true"`` makes rows sum to 1, ``"pred"`` columns, ``"all"`` the whole.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.

    Example:
        >>> metric = ConfusionMatrix()
        >>> metric([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
        array([[1., 0.],
               [1., 1.]])
    """

    def __init__(
        self,
        num_classes: int | None = None,
        normalize: str | None = None,
        name: str = "confusion_matrix",
        dtype: None = None,
    ) -> None:
        super().__init__(dtype, name)
        _normalized("ConfusionMatrix", np.zeros((1, 1)), normalize)
        self.num_classes = num_classes
        self.normalize = normalize

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """The matrix of one batch; see :class:`~fastcnn.metrics.Metric`."""
        y_pred = as_dtype(y_pred, "float32")
        true, pred = tuple(y_true.shape), tuple(y_pred.shape)
        single = pred[-1:] == (1,)
        classes = self.num_classes or max(2, pred[-1] if pred else 2)
        if true == pred and not single:
            labels = ops.argmax(as_dtype(y_true, "float32"))
        elif true in (pred[:-1], (*pred[:-1], 1)):
            labels = as_dtype(y_true, "int64")
        else:
            raise ValueError(
                f"ConfusionMatrix: labels of shape {true} for outputs of shape {pred}: one class "
                "number for each row of outputs, or one-hot labels"
            )
        guesses = (
            ops.cast(ops.greater(y_pred, np.float32(0.5)), "int64")
            if single
            else ops.argmax(y_pred)
        )
        rows = int(np.prod(pred[:-1]))
        weight: Any = np.ones(rows, np.float32)
        if sample_weight is not None:
            spread = spread_weight("ConfusionMatrix", sample_weight, pred[:-1])
            weight = ops.reshape(spread, (rows,))
        labels, guesses = ops.reshape(labels, (rows,)), ops.reshape(guesses, (rows,))
        return (ops.weighted_histogram_2d(labels, guesses, weight, (classes, classes)),)

    def result_shape(self, sums: Sequence[Array]) -> tuple[int, ...]:
        """``(classes, classes)``."""
        if sums:
            return sums[0].shape
        return (self.num_classes or 0,) * 2

    def score(self, *sums: Array) -> Any:
        """The matrix."""
        return _normalized("ConfusionMatrix", sums[0], self.normalize)

    def report(
        self,
        target_names: Sequence[str] | None = None,
        digits: int = 2,
        output_dict: bool = False,
        zero_division: float = 0.0,
    ) -> Any:
        """What :func:`classification_report` says of everything seen.

        Raises:
            ValueError: Nothing was seen yet, or the names do not fit.
        """
        if not self.sums:
            raise ValueError("ConfusionMatrix.report: nothing was counted yet")
        return report_of(self.sums[0], target_names, digits, output_dict, zero_division)


def _as_classes(owner: str, name: str, y: Any) -> Array:
    array = as_array(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = array.argmax(1)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"{owner}: {name} must hold class numbers (n,), or one-hot labels or scores "
            f"(n, classes), got shape {array.shape} of {array.dtype}"
        )
    if array.dtype.kind == "f" and not (array == np.floor(array)).all():
        raise ValueError(
            f"{owner}: {name} has fractions, so it holds no class numbers; for scores of one class "
            "pass (scores > 0.5)"
        )
    return array.astype(np.int64)


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[int] | Array | None = None,
    sample_weight: Any = None,
    normalize: str | None = None,
) -> Array:
    """How often each class (row) was taken for each class (column), with scikit-learn's arguments.

    Args:
        y_true: Class numbers ``(n,)`` or one-hot labels ``(n, classes)``.
        y_pred: Class numbers, or scores ``(n, classes)``, of which the largest is taken.
        labels: The classes and their order; ``None`` takes all that occur, ascending.
        sample_weight: Factor of each example.
        normalize: See :class:`ConfusionMatrix`.

    Returns:
        ``(classes, classes)``, float64 with weights or ``normalize``, else int64.

    Raises:
        ValueError: Lengths differ, or there are no class numbers.

    Example:
        >>> confusion_matrix([0, 1, 2, 2], [0, 2, 2, 2])
        array([[1, 0, 0],
               [0, 0, 1],
               [0, 0, 2]])
    """
    owner = "confusion_matrix"
    true, pred = _as_classes(owner, "y_true", y_true), _as_classes(owner, "y_pred", y_pred)
    weight = np.ones(len(true), np.int64) if sample_weight is None else as_array(sample_weight)
    if not len(true) == len(pred) == len(weight.reshape(-1)):
        raise ValueError(
            f"{owner}: y_true, y_pred and sample_weight must have one length, got {len(true)}, "
            f"{len(pred)} and {weight.size}"
        )
    order = np.asarray(np.union1d(true, pred) if labels is None else labels)
    places = {int(label): place for place, label in enumerate(order)}
    if len(places) != len(order) or not places:
        raise ValueError(f"{owner}: labels must be different class numbers, got {labels!r}")
    # Classes that are not asked for get a row and column that are dropped.
    rows, columns = (
        np.array([places.get(int(c), len(places)) for c in y], np.int64) for y in (true, pred)
    )
    matrix = np.zeros((len(places) + 1,) * 2, np.int64 if sample_weight is None else np.float64)
    np.add.at(matrix, (rows, columns), weight.reshape(-1))
    return _normalized(owner, matrix[:-1, :-1], normalize)


def classification_report(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[int] | Array | None = None,
    target_names: Sequence[str] | None = None,
    sample_weight: Any = None,
    digits: int = 2,
    output_dict: bool = False,
    zero_division: float = 0.0,
) -> Any:
    """Precision, recall, F1 and number of examples of each class, as scikit-learn reports them.

    Args:
        y_true: See :func:`confusion_matrix`.
        y_pred: See :func:`confusion_matrix`.
        labels: See :func:`confusion_matrix`; defaults to all that occur.
        target_names: Names of the classes; defaults to their numbers.
        sample_weight: Factor of each example.
        digits: Decimals in the text.
        output_dict: Whether to return a dict in place of the text.
        zero_division: What a ratio is where nothing can be counted.

    Returns:
        Text, or a dict: for each name ``{"precision", "recall", "f1-score", "support"}``, the
        same for ``"macro avg"`` and ``"weighted avg"``, and ``"accuracy"``.

    Raises:
        ValueError: Lengths or names do not fit.

    Example:
        >>> found = classification_report([0, 1, 1], [0, 1, 0], output_dict=True)
        >>> found["1"]["precision"], found["1"]["recall"]
        (1.0, 0.5)
    """
    true = _as_classes("classification_report", "y_true", y_true)
    pred = _as_classes("classification_report", "y_pred", y_pred)
    present = np.union1d(true, pred)
    shown = present if labels is None else np.asarray(labels)
    # A false alarm counts also where its true class is not shown.
    everything = np.concatenate([shown, np.setdiff1d(present, shown)])
    matrix = confusion_matrix(true, pred, labels=everything, sample_weight=sample_weight)
    names = [str(label) for label in shown] if target_names is None else target_names
    return report_of(matrix, names, digits, output_dict, zero_division, count=len(shown))


def report_of(
    matrix: Any,
    target_names: Sequence[str] | None = None,
    digits: int = 2,
    output_dict: bool = False,
    zero_division: float = 0.0,
    *,
    count: int | None = None,
) -> Any:
    """:func:`classification_report` of a confusion matrix.

    Args:
        matrix: ``(classes, classes)``, rows are truth.
        target_names: Names of the classes.
        digits: Decimals in the text.
        output_dict: Whether to return a dict in place of the text.
        zero_division: What a ratio is where nothing can be counted.
        count: How many of the classes to show; defaults to all.
    """
    matrix = np.asarray(matrix)
    count = len(matrix) if count is None else count
    names = [str(i) for i in range(count)] if target_names is None else [*map(str, target_names)]
    if len(names) != count:
        raise ValueError(
            f"classification_report: {count} classes, but {len(names)} target_names: {names}"
        )
    hits = np.diag(matrix)[:count].astype(np.float64)
    guessed, support = matrix.sum(0)[:count], matrix.sum(1)[:count]
    precision = np.where(guessed > 0, divided(hits, guessed), zero_division)
    recall = np.where(support > 0, divided(hits, support), zero_division)
    f1 = np.where(guessed + support > 0, divided(2 * hits, guessed + support), zero_division)
    columns = ("precision", "recall", "f1-score")
    rows = {
        name: dict(zip(columns, map(float, values), strict=True)) | {"support": float(total)}
        for name, *values, total in zip(names, precision, recall, f1, support, strict=True)
    }
    total = float(support.sum())
    shares = divided(support, total) if total else np.full(count, 1 / count)
    averages = {
        title: {
            c: float((np.asarray(v) * w).sum())
            for c, v in zip(columns, (precision, recall, f1), strict=True)
        }
        | {"support": total}
        for title, w in (("macro avg", np.full(count, 1 / count)), ("weighted avg", shares))
    }
    # With classes left out it is not the accuracy of all examples, but the micro average of these.
    complete = count == len(matrix)
    if complete:
        accuracy = float(hits.sum() / total) if total else zero_division
    else:
        p, r = (
            float(divided(hits.sum(), x.sum())) if x.sum() else zero_division
            for x in (guessed, support)
        )
        both = float(divided(2 * hits.sum(), guessed.sum() + support.sum()))
        micro = {"precision": p, "recall": r, "f1-score": both, "support": total}
    if output_dict:
        overall: dict[str, Any] = {"accuracy": accuracy} if complete else {"micro avg": micro}
        return {**rows, **overall, **averages}
    width = max(len("weighted avg"), digits, *map(len, names))
    number = "{:>9.{digits}f}"

    def line(name: str, row: dict[str, float]) -> str:
        cells = [number.format(row[c], digits=digits) for c in columns]
        return " ".join([f"{name:>{width}s}", *cells, f"{_support(row['support']):>9}"])

    head = " ".join([" " * width, *(f"{title:>9}" for title in (*columns, "support"))])
    text = [head, "", *(line(name, row) for name, row in rows.items()), ""]
    if complete:
        value = number.format(accuracy, digits=digits)
        text.append(
            " ".join([f"{'accuracy':>{width}s}", " " * 9, " " * 9, value, f"{_support(total):>9}"])
        )
    else:
        text.append(line("micro avg", micro))
    text += [line(name, row) for name, row in averages.items()]
    return "\n".join(text) + "\n"


def _support(count: float) -> str:
    return str(int(count)) if count == int(count) else f"{count:.2f}"
