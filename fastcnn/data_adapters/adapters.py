"""Where batches come from: arrays, sequences of batches, generators."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastcnn.data_adapters.array_slicing import (
    ArraySlicer,
    as_contiguous,
    example_count,
    input_dtype,
    is_mapped,
)
from fastcnn.data_adapters.class_weights import with_class_weight
from fastcnn.graph.array_like import is_array_like
from fastcnn.seeding import mix

__all__ = [
    "ArrayData",
    "Batch",
    "BatchSource",
    "Converter",
    "EpochData",
    "IteratorData",
    "SequenceData",
    "Standardizer",
    "holds_arrays",
    "open_data",
]

Array = NDArray[Any]


class Batch(NamedTuple):
    """Arrays as a Program takes them: inputs, labels, sample weights one after the other."""

    arrays: list[Array]
    layout: tuple[int, int, int]
    size: int

    def key(self) -> tuple[Any, ...]:
        """What the Program for this batch depends on."""
        return (self.layout, *[(array.shape, array.dtype.char) for array in self.arrays])


class Standardizer(Protocol):
    """What data adapters know of a model: how to bring its inputs and labels into order."""

    def inputs(self, x: Any) -> list[Array]:
        """Input arrays in the order of the model's inputs, of shapes that fit it."""

    def input_count(self) -> int | None:
        """Number of inputs of the model; ``None`` while it is not known."""

    def labels(self, y: Any) -> list[Array]:
        """Label arrays in the order of the model's outputs."""

    def weights(self, w: Any) -> list[Array]:
        """Sample weights: none, one array or one per output."""

    def check_labels(self, labels: Sequence[Array]) -> None:
        """Refuse labels that the loss cannot take."""

    def input_dtypes(self, arrays: Sequence[Array]) -> list[np.dtype[Any]]:
        """The dtypes in which inputs are fed."""


class BatchSource(Protocol):
    """A data set cut into batches.

    Attributes:
        steps: Number of batches in an epoch; ``None`` while unknown.
        examples: Number of examples; ``None`` while unknown.
        once: Whether it can be gone through once only.
        seed: Of the orders of its epochs, where they differ.
    """

    steps: int | None
    examples: int | None
    once: bool
    seed: int

    def epoch(self, index: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``index`` from number ``start`` on. Their arrays may be overwritten
        by the next batch.
        """


class ArrayData:
    """Arrays in memory or in mapped files.

    Args:
        x: Input arrays.
        y: Label arrays, maybe none.
        weights: Sample weight arrays, maybe none.
        feed: The model's view of data.
        batch_size: Examples per batch; the last batch may be smaller.
        shuffle: Whether each epoch goes through the examples in another order.
        seed: Of these orders; each epoch's depends on it and the epoch's number alone.
    """

    once = False

    def __init__(
        self,
        x: Sequence[Array],
        y: Sequence[Array],
        weights: Sequence[Array],
        feed: Standardizer,
        *,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        self._count = example_count([*x, *y, *weights])
        self.examples: int | None = self._count
        self.steps: int | None = -(-self._count // batch_size)
        self._batch_size = batch_size
        self._shuffle = shuffle
        self.seed = seed
        self._layout = (len(x), len(y), len(weights))
        dtypes = [
            *feed.input_dtypes(x),
            *(input_dtype(array.dtype, None) for array in y),
            *(np.dtype(np.float32) for _ in weights),
        ]
        arrays = [*x, *y, *weights]
        self._columns = [ArraySlicer(a, dtype) for a, dtype in zip(arrays, dtypes, strict=True)]
        # In ascending order a batch's pages of a mapped file are read in one sweep.
        self._ascending = any(is_mapped(array) for array in arrays)

    def epoch(self, index: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``index`` from number ``start`` on."""
        size, columns, layout = self._batch_size, self._columns, self._layout
        starts = range(start * size, self._count, size)
        if not self._shuffle:
            for first in starts:
                stop = min(first + size, self._count)
                yield Batch([c.slice(first, stop) for c in columns], layout, stop - first)
            return
        generator = np.random.Generator(np.random.Philox(key=mix(self.seed, index)))
        order = generator.permutation(self._count)
        for first in starts:
            rows = order[first : first + size]
            if self._ascending:
                rows.sort()
            yield Batch([column.take(rows) for column in columns], layout, len(rows))


class Converter:
    """Batches as others make them, brought into the form of a :class:`Batch`."""

    def __init__(
        self,
        feed: Standardizer,
        class_weight: Mapping[int, float] | None = None,
        targets_of: str | None = None,
    ) -> None:
        self._feed = feed
        self._class_weight = class_weight
        self._targets_of = targets_of

    def __call__(self, item: Any) -> Batch:
        """The batch of ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.

        Raises:
            ValueError: Something else, or arrays that do not fit the model.
        """
        feed = self._feed
        x, y, w = _unpacked(item, feed.input_count(), self._targets_of is not None)
        if y is None and self._targets_of is not None:
            raise ValueError(_no_targets(self._targets_of))
        inputs = feed.inputs(x)
        labels = [] if y is None else feed.labels(y)
        weights = with_class_weight(feed.weights(w), labels, self._class_weight)
        size = example_count([*inputs, *labels, *weights])
        feed.check_labels(labels)
        dtypes = [
            *feed.input_dtypes(inputs),
            *(input_dtype(array.dtype, None) for array in labels),
            *(np.dtype(np.float32) for _ in weights),
        ]
        arrays = [
            as_contiguous(array, dtype)
            for array, dtype in zip([*inputs, *labels, *weights], dtypes, strict=True)
        ]
        return Batch(arrays, (len(inputs), len(labels), len(weights)), size)


def _unpacked(item: Any, inputs: int | None, labelled: bool) -> tuple[Any, Any, Any]:
    """Inputs, labels and weights of a batch, ``None`` for what it lacks.

    Args:
        item: A tuple, or a list as PyTorch's ``DataLoader`` makes them; else inputs alone.
        inputs: How many the model has, if it is known.
        labelled: Whether labels must be there, so that a list cannot be several inputs.
    """
    if isinstance(item, list) and 1 < len(item) <= 3 and (labelled or inputs == 1):
        item = tuple(item)
    if not isinstance(item, tuple):
        return item, None, None
    if not 1 <= len(item) <= 3:
        raise ValueError(
            f"a batch must be x, (x, y) or (x, y, sample_weight); got a tuple of {len(item)}"
        )
    x, y, w = (*item, None, None)[:3]
    return x, y, w


class SequenceData:
    """An object with ``__len__`` and ``__getitem__`` that returns whole batches."""

    examples: int | None = None
    once = False

    def __init__(
        self,
        sequence: Any,
        feed: Standardizer,
        *,
        shuffle: bool = False,
        seed: int = 0,
        class_weight: Mapping[int, float] | None = None,
        targets_of: str | None = None,
    ) -> None:
        self._count = len(sequence)
        self.steps: int | None = self._count
        if self._count == 0:
            raise ValueError(f"there are no batches: len({type(sequence).__name__}) is 0")
        self._sequence = sequence
        self._shuffle = shuffle
        self.seed = seed
        self._convert = Converter(feed, class_weight, targets_of)

    def epoch(self, index: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``index`` from number ``start`` on; the sequence is told when they
        end.
        """
        order = np.arange(self._count)
        if self._shuffle:
            np.random.Generator(np.random.Philox(key=mix(self.seed, index))).shuffle(order)
        for position in order[start:]:
            yield self._convert(self._sequence[int(position)])
        if hasattr(self._sequence, "on_epoch_end"):
            self._sequence.on_epoch_end()


class EpochData:
    """An object with ``__len__`` and ``batches(epoch, start)``, such as a folder of pictures.

    Unless epochs are to be shuffled its ``in_order()``, if it has one, takes its place: results of
    ``predict`` belong to the pictures as they are listed.
    """

    examples: int | None = None
    once = False

    def __init__(
        self,
        dataset: Any,
        feed: Standardizer,
        *,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        targets_of: str | None = None,
    ) -> None:
        if not shuffle and hasattr(dataset, "in_order"):
            dataset = dataset.in_order()
        if targets_of is not None and getattr(dataset, "labels", ()) is None:
            raise ValueError(_no_targets(targets_of))
        self.steps: int | None = len(dataset)
        self._dataset = dataset
        self._convert = Converter(feed, class_weight, targets_of)

    @property
    def seed(self) -> int:
        """Of the orders of its epochs."""
        return int(self._dataset.seed)

    @seed.setter
    def seed(self, value: int) -> None:
        self._dataset.seed = value

    def epoch(self, index: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``index`` from number ``start`` on."""
        # Closed with this one, so that its threads end when the loop does.
        with closing(self._dataset.batches(index, start)) as batches:
            yield from map(self._convert, batches)


class IteratorData:
    """A generator, or whatever else ``iter`` takes; read on from epoch to epoch."""

    examples: int | None = None
    seed = 0

    def __init__(
        self,
        source: Any,
        feed: Standardizer,
        *,
        class_weight: Mapping[int, float] | None = None,
        targets_of: str | None = None,
    ) -> None:
        self.steps: int | None = None
        self._source = source
        self.once = iter(source) is source
        self._convert = Converter(feed, class_weight, targets_of)

    def epoch(self, index: int, start: int = 0) -> Iterator[Batch]:
        """The next batches, to the end; the first ``start`` of them are read and dropped."""
        items = iter(self._source)
        for _ in itertools.islice(items, start):
            pass
        return map(self._convert, items)


def holds_arrays(x: Any) -> bool:
    """Whether ``x`` is an array or holds arrays, and is not a source of batches."""
    return isinstance(x, list | tuple | dict) or is_array_like(x)


def _check_kind(x: Any) -> None:
    """Refuse what would be a source of batches in another form.

    Raises:
        TypeError: A function that makes a generator, or a list of batches.
    """
    if callable(x) and not is_array_like(x):
        name = getattr(x, "__name__", type(x).__name__)
        raise TypeError(f"x: got the function {name}: call it, {name}(), to pass what it yields")
    pairs = isinstance(x, list) and x and all(isinstance(item, tuple) for item in x)
    if pairs and len(x[0]) in (2, 3) and all(np.ndim(part) > 0 for part in x[0][:2]):
        raise TypeError(
            "x: a list of batches (x, y) is read as one array: pass iter(batches) for one epoch, "
            "or a keras.utils.PyDataset for several"
        )


def _no_targets(wanted_by: str) -> str:
    given = "validation_data=(x, y)" if wanted_by == "validation_data" else f"{wanted_by}(x, y)"
    return (
        f"{wanted_by}: there are no labels to compare with, x came alone: pass {given}, or batches "
        "(x, y); an autoencoder takes x twice"
    )


def open_data(
    feed: Standardizer,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: bool = False,
    seed: int = 0,
    class_weight: Mapping[int, float] | None = None,
    targets_of: str | None = None,
) -> BatchSource:
    """The right adapter for what a caller passed.

    Args:
        feed: The model's view of data.
        x: Arrays, a sequence of batches, or an iterable of batches.
        y: Labels, with arrays only.
        sample_weight: Factor per example, with arrays only.
        batch_size: Examples per batch, with arrays only. Defaults to 32.
        shuffle: Whether to change the order in each epoch.
        seed: Of the order.
        class_weight: Factor per class.
        targets_of: The function or argument for which labels must be there; ``None`` if they
            need not.

    Raises:
        ValueError: Arguments that do not go together, or arrays that do not fit the model.
    """
    if x is None:
        raise ValueError("x is missing: pass the input arrays, or a generator of batches")
    if batch_size is not None and (isinstance(batch_size, bool) or batch_size < 1):
        raise ValueError(f"batch_size must be a positive integer, got {batch_size!r}")
    sequence = hasattr(x, "__len__") and (hasattr(x, "__getitem__") or hasattr(x, "batches"))
    if not holds_arrays(x) and (sequence or hasattr(x, "__iter__")):
        for name, value in (("y", y), ("sample_weight", sample_weight), ("batch_size", batch_size)):
            if value is not None:
                raise ValueError(
                    f"{name} cannot be given beside {type(x).__name__}, which yields whole batches "
                    "(x, y) or (x, y, sample_weight)"
                )
        settings: dict[str, Any] = {"class_weight": class_weight, "targets_of": targets_of}
        if sequence and hasattr(x, "batches"):
            return EpochData(x, feed, shuffle=shuffle, **settings)
        if sequence:
            return SequenceData(x, feed, shuffle=shuffle, seed=seed, **settings)
        return IteratorData(x, feed, **settings)
    _check_kind(x)
    if y is None and targets_of is not None:
        raise ValueError(_no_targets(targets_of))
    inputs = feed.inputs(x)
    labels = [] if y is None else feed.labels(y)
    example_count([*inputs, *labels])
    feed.check_labels(labels)
    weights = with_class_weight(feed.weights(sample_weight), labels, class_weight)
    return ArrayData(
        inputs, labels, weights, feed, batch_size=batch_size or 32, shuffle=shuffle, seed=seed
    )
