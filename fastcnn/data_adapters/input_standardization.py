"""Arrays that callers pass, brought into the order and shapes of a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastcnn.data_adapters.array_slicing import input_dtype, is_mapped
from fastcnn.graph.array_like import as_array
from fastcnn.layers.base.keras_tensor import KerasTensor, Shape
from fastcnn.losses import Loss
from fastcnn.tree import StructureError, flatten, has_dict, in_order, pack, paths

__all__ = ["DescribedModel", "InputStandardizer", "check_shape"]

Array = NDArray[Any]

_FLOAT32 = np.dtype(np.float32)
_READ_AT_ONCE = 64 << 20  # bytes


class _Losses(Protocol):
    """What a model was compiled with."""

    def losses(self, names: Any) -> Sequence[Loss | None]:
        """The loss of each output in a structure of names."""


class DescribedModel(Protocol):
    """What must be known of a model to bring data into its order."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def input_specs(self) -> list[KerasTensor] | None:
        """The symbolic inputs; ``None`` while they are not known."""

    @property
    def named_inputs(self) -> Any:
        """Names of the inputs in a list, tuple or dict, in which they are passed; ``None`` while
        they are not known.
        """

    @property
    def named_outputs(self) -> Any:
        """Names of the outputs in the structure of these; ``None`` while they are not known."""

    @property
    def output_shapes(self) -> list[Shape] | None:
        """Shapes of the outputs; ``None`` while they are not known."""

    @property
    def objective(self) -> _Losses | None:
        """Losses of the outputs, if it was compiled."""

    def prepare(self, x: Any) -> None:
        """Called with input arrays, in their structure, while the inputs are not known."""

    def find_outputs(self) -> None:
        """Called when it matters how the outputs are named and this is not known."""


class InputStandardizer:
    """A model's view of data: see :class:`fastcnn.data_adapters.adapters.Standardizer`."""

    def __init__(self, model: DescribedModel) -> None:
        self._model = model

    def inputs(self, x: Any) -> list[Array]:
        """Input arrays in the order of the model's inputs.

        Raises:
            ValueError: Their number, names or shapes do not fit; says how to make them fit.
        """
        specs = self._model.input_specs
        if specs is None:
            arrays = self._unspecified(x)
            specs = self._model.input_specs
            if specs is None:
                return arrays
        names = self._model.named_inputs
        arrays = _arranged(x, names, "inputs", "x")
        labels = flatten(paths(names))
        try:
            return [
                _fitted(array, spec.shape, label, self._model.name)
                for array, spec, label in zip(arrays, specs, labels, strict=True)
            ]
        except ValueError as error:
            if len(specs) == 1 or isinstance(x, dict):
                raise
            raise ValueError(
                f"{error}; arrays in a list are taken in the order ({', '.join(labels)}), a dict "
                "by name"
            ) from None

    def input_count(self) -> int | None:
        """Number of inputs of the model; ``None`` while it is not known."""
        specs = self._model.input_specs
        return None if specs is None else len(specs)

    def _unspecified(self, x: Any) -> list[Array]:
        """Input arrays of a model that does not know its inputs yet, or takes any."""
        names = self._model.named_inputs
        if names is None and not has_dict(x):
            arrays = [as_numbers(i, "x") for i in (x if isinstance(x, list | tuple) else [x])]
            self._model.prepare(arrays if len(arrays) > 1 else arrays[0])
            return arrays
        if names is None:
            names = _names_of(x, "x")
        arrays = _arranged(x, names, "inputs", "x")
        self._model.prepare(pack(names, arrays))
        return arrays

    def labels(self, y: Any) -> list[Array]:
        """Label arrays in the order of the model's outputs.

        Raises:
            ValueError: Their number or names do not fit.
        """
        names = self._model.named_outputs
        if names is None and has_dict(y):
            self._model.find_outputs()
            names = self._model.named_outputs
        if names is None:
            return [as_numbers(i, "y") for i in (y if isinstance(y, list | tuple) else [y])]
        return _arranged(y, names, "outputs", "y")

    def weights(self, w: Any) -> list[Array]:
        """Sample weights: none, one array for all outputs, or one per output."""
        if w is None:
            return []
        names = self._model.named_outputs
        single = names is None or len(flatten(names)) == 1
        if not isinstance(w, dict if single else list | tuple | dict):
            first = w[0] if isinstance(w, tuple) and len(w) == 1 else w
            return [as_numbers(first, "sample_weight")]
        return _arranged(w, names, "outputs", "sample_weight")

    def input_dtypes(self, arrays: Sequence[Array]) -> list[np.dtype[Any]]:
        """The dtypes in which inputs are fed."""
        specs = self._model.input_specs
        declared = [_FLOAT32] * len(arrays) if specs is None else [spec.dtype for spec in specs]
        return [input_dtype(a.dtype, dtype) for a, dtype in zip(arrays, declared, strict=True)]

    def check_labels(self, labels: Sequence[Array]) -> None:
        """Refuse labels that the losses cannot take.

        Raises:
            ValueError: Says what came and what fits.
        """
        if not labels:
            return
        model = self._model
        names, shapes, objective = model.named_outputs, model.output_shapes, model.objective
        if names is None or shapes is None or objective is None or len(labels) != len(shapes):
            return
        for y, shape, loss in zip(labels, shapes, objective.losses(names), strict=True):
            # A large mapped file is not read an extra time.
            if loss is not None and not (is_mapped(y) and y.nbytes > _READ_AT_ONCE):
                loss.check_labels(y, shape)


def as_numbers(value: Any, argument: str) -> Array:
    """``value`` as an array of examples.

    Raises:
        TypeError: It holds something else than real numbers.
        ValueError: It is a single number, or its rows differ in length.
    """
    try:
        array = as_array(value)
    except ValueError as error:
        raise ValueError(
            f"{argument}: the examples differ in shape: {error}. Bring them to one shape, or hand "
            "in a generator of batches"
        ) from None
    if array.dtype.kind == "O" and any(isinstance(item, dict) for item in array.flat):
        raise TypeError(f"{argument}: there is a dict inside a list; pass one dict by name")
    if array.shape == (0,) and not isinstance(value, np.ndarray):
        raise ValueError(
            f"{argument}: there are no examples: the list is empty. Look at how it was made: a "
            "filter, a slice or a wrong folder may have left nothing"
        )
    if array.dtype.kind not in "biuf":
        raise TypeError(_no_numbers(value, array, argument))
    if array.ndim == 0:
        raise ValueError(
            f"{argument}: expected an array of examples, got the single number {value}"
        )
    return array


def _no_numbers(value: Any, array: Array, argument: str) -> str:
    """What to say of values that are not real numbers."""
    first = next(iter(array.flat), None)
    if isinstance(first, str | bytes):
        shown = str(first) if isinstance(first, str) else bytes(first)
        text = f"{argument}: expected numbers, got texts such as {shown!r}"
        if argument == "y":
            text += (
                ": names, y = numpy.unique(y, return_inverse=True) numbers the classes, and "
                "numpy.searchsorted(names, other) those of other data likewise"
            )
        return text
    text = (
        f"{argument}: expected an array of real numbers, got {type(value).__name__} of dtype "
        f"{array.dtype}"
    )
    if hasattr(value, "toarray"):
        text += f"; {argument}.toarray() makes one of a sparse matrix"
    elif array.dtype.kind == "O" and any(item is None for item in array.flat):
        text += ", with None in it: fill in what is missing, or leave those examples out"
    elif array.dtype.kind == "O" and array.ndim:
        text += f", such as {type(first).__name__}; numbers go by .astype('float32')"
    return text


def _arranged(given: Any, names: Any, kind: str, argument: str) -> list[Array]:
    """Arrays in the order of a structure of names."""
    if isinstance(given, list | tuple) and len(given) == 1 and not isinstance(given[0], dict):
        if len(flatten(names)) == 1 and np.ndim(given[0]) == 0:
            given = as_array(given)  # a batch of one number, not a list of one array
    elif (
        isinstance(given, list | tuple)
        and any(isinstance(item, dict) for item in given)
        and not has_dict(names)
    ):
        raise TypeError(f"{argument}: there is a dict inside a list; pass one dict by name")
    try:
        found = in_order(given, names)
    except StructureError as error:
        expected = error.expected
        if isinstance(error.given, dict):
            more = ""
            if repeated := [name for name in error.missing if name in error.given]:
                more = f", and several are called {repeated[0]!r}: pass a list"
            raise ValueError(
                f"{argument}: the model's {kind} are {expected}, the dict has "
                f"{list(error.given)}{more}"
            ) from None
        came = error.given
        came = f"{len(came)}" if isinstance(came, list | tuple) else f"one {type(came).__name__}"
        raise ValueError(
            f"{argument}: the model has {len(expected)} {kind} ({', '.join(map(str, expected))}); "
            f"give a list of {len(expected)} arrays or a dict by name, got {came}"
        ) from None
    return [as_numbers(array, argument) for array in found]


def _names_of(x: Any, name: str) -> Any:
    """Names for arrays in dicts, in the structure that they are in."""
    if isinstance(x, dict):
        return {key: _names_of(item, str(key)) for key, item in x.items()}
    if isinstance(x, list | tuple) and all(hasattr(i, "shape") or has_dict(i) for i in x):
        return [_names_of(item, f"{name}_{at}") for at, item in enumerate(x)]
    return name


def fits(shape: Sequence[int], expected: Shape) -> bool:
    """Whether an array of ``shape`` can stand where ``expected`` is declared."""
    return len(shape) == len(expected) and all(
        want is None or have == want for have, want in zip(shape, expected, strict=True)
    )


def check_shape(shape: Sequence[int], expected: Shape, name: str, model: str) -> None:
    """Refuse a shape that a model was not built for.

    Raises:
        ValueError: Says both shapes and what to do.
    """
    if not fits(shape, expected):
        raise ValueError(
            f"model {model!r} takes {name!r} of shape {expected}, got {tuple(shape)}: "
            f"{_remedy(tuple(shape), expected)}"
        )


def _fitted(array: Array, expected: Shape, name: str, model: str) -> Array:
    """The array itself, or with a last axis of size 1 added or dropped, as Keras does."""
    # A fixed batch size binds batches, not whole data sets.
    expected = (None, *expected[1:])
    if array.ndim == len(expected) - 1 and expected[-1] == 1 and fits((*array.shape, 1), expected):
        return array[..., None]
    if (
        array.ndim == len(expected) + 1
        and array.shape[-1] == 1
        and fits(array.shape[:-1], expected)
    ):
        return array[..., 0]
    check_shape(array.shape, expected, name, model)
    return array


#: How to get from so many channels to so many.
_CHANNELS: dict[tuple[int, int | None], str] = {
    (1, 3): "numpy.repeat(x, 3, -1) makes colour of grey",
    (3, 1): "x.mean(-1, keepdims=True) makes grey of colour",
    (4, 3): "x[..., :3] leaves out transparency",
}


class _Kind(NamedTuple):
    """What arrays of a rank usually are, in the words of messages."""

    name: str
    axes: str
    single: str
    change: tuple[str, str]


_KINDS = {
    3: _Kind(
        "sequences",
        "three axes, (examples, steps, channels)",
        "those of one channel",
        ("cut or pad", "steps"),
    ),
    4: _Kind(
        "images",
        "four axes, (examples, height, width, channels)",
        "grey ones",
        ("resize", "pixels"),
    ),
    5: _Kind(
        "volumes",
        "five axes, (examples, depth, height, width, channels)",
        "those of one channel",
        ("resize", "voxels"),
    ),
}


def _remedy(shape: tuple[int, ...], expected: Shape) -> str:
    if fits(shape, expected[1:]):
        return "this is one example; a batch of one is x[None]"
    kind = _KINDS.get(len(expected))
    channels = expected[-1]
    if kind is not None and len(shape) == len(expected):
        if shape[-1] != channels and fits((shape[0], *shape[2:], shape[1]), expected):
            return "channels go last: numpy.moveaxis(x, 1, -1)"
        if shape[-1] == channels:
            size = "x".join("any" if n is None else str(n) for n in expected[1:-1])
            change, unit = kind.change
            return (
                f"{change} the {kind.name} to {size} {unit}, or build the model for these: "
                f"Input({shape[1:]})"
            )
        convert = _CHANNELS.get((shape[-1], channels), "convert them")
        if len(expected) != 4:
            convert = "convert them"
        plural = "" if shape[-1] == 1 else "s"
        return (
            f"the {kind.name} have {shape[-1]} channel{plural} and the model was built for "
            f"{channels}; {convert}, or build the model for these: Input({shape[1:]})"
        )
    sizes = expected[1:]
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes) and math.prod(shape[1:]) == math.prod(known):
        return f"the values are there in another shape: numpy.reshape(x, {(-1, *known)})"
    if kind is not None and len(shape) == len(expected) - 1 and len(shape) > 1:
        return f"{kind.name} need {kind.axes}: {kind.single} x[..., None]"
    return f"reshape the array, or build the model with Input({shape[1:]})"
