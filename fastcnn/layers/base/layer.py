"""The base of all layers: weights, names, and how a call becomes part of a graph."""

from __future__ import annotations

import functools
import inspect
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import constraints, initializers, regularizers
from fastcnn.config import Configurable
from fastcnn.graph import Tensor, constant, is_recording, recording
from fastcnn.graph.array_like import as_array
from fastcnn.graph.locks import fork_safe_lock
from fastcnn.graph.trace_mode import nested_origin, origin
from fastcnn.graph.variable import Variable, assign_all, values_of
from fastcnn.layers.base import compiled_call
from fastcnn.layers.base.keras_tensor import Call, KerasTensor, infer, record
from fastcnn.layers.base.regularization_losses import note_activity
from fastcnn.layers.base.trace_context import current_trace
from fastcnn.layers.base.tracking import all_layers, invalidate, own_weights, tracked_of
from fastcnn.layers.base.weight_creation import new_weight
from fastcnn.messages import bounded, brief, shorten
from fastcnn.naming import checked_name, unique_name
from fastcnn.tree import flatten, map_shapes, map_structure

__all__ = ["Layer"]

Array = NDArray[Any]


_OURS = "fastcnn.layers."


class Layer(Configurable):
    """Something that owns weights and turns values into others by composing ``fastcnn.ops``.

    A layer of one's own defines ``call``, and ``build`` if it has weights:

    Example:
        >>> import numpy as np
        >>> from fastcnn import ops
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(name="factor", shape=input_shape[-1:],
        ...                                       initializer="ones")
        ...     def call(self, x):
        ...         return ops.multiply(x, self.factor)
        >>> Scale()(np.ones((1, 2), np.float32))
        array([[1., 1.]], dtype=float32)

    Args:
        name: Unique within a model; ``None`` makes one from the class.
        trainable: Whether training changes the weights.
        input_shape: Shape of one example, for the first layer of a ``Sequential``.
    """

    _not_configured = frozenset({"input_shape"})
    described_once = True
    # Calls take no detour: they are frequent, and run functions of the user's.
    _bounded = ("__init__",)

    #: Whether uint8 arrays reach ``call`` as they are; other layers get float32.
    takes_uint8 = False

    #: Layers take neither masks nor specifications of inputs; the names are Keras'.
    supports_masking = False
    input_spec = None

    #: Makes a penalty of the outputs; see :mod:`fastcnn.regularizers`.
    activity_regularizer: Callable[[Any], Any] | None = None

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        self.name = checked_name(self, name) or unique_name(type(self).__name__)
        self.built = False
        self.first_input_shape = None if input_shape is None else tuple(input_shape)
        self._trainable = bool(trainable)
        self._weights: list[Variable] = []
        self._start_uncalled()

    def _start_uncalled(self) -> None:
        #: Who is building, and how many weights there were before.
        self._building: tuple[threading.Thread, int] | None = None
        self._calls: list[Call] = []
        self._build_lock = fork_safe_lock()
        self._eager = compiled_call.EagerFunctions()

    def __getstate__(self) -> dict[str, Any]:
        """Attributes for ``pickle`` and ``copy``: without symbolic calls and what was compiled."""
        state = {key: value for key, value in vars(self).items() if key not in _NOT_COPIED}
        if "_weights" in state:
            state["_weights"] = list(self._weights)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if "_weights" in state:  # else the constructor that it came from was not finished
            self._start_uncalled()

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if "build" in vars(cls):
            setattr(cls, "build", _once(cls.build))  # noqa: B010 - assigning a method

    def __setattr__(self, name: str, value: Any) -> None:
        before = self.__dict__.get(name)
        super().__setattr__(name, value)
        if isinstance(value, _PARTS) or isinstance(before, _PARTS) or name in ("graph", "built"):
            # What was compiled with the layer that stood here must not be used again.
            invalidate()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        invalidate()

    def build(self, input_shape: Any) -> None:
        """Make the weights. Runs once: before the first ``call``, unless it was called before, by
        hand or by the layer around.

        Args:
            input_shape: Shape of the input, batch first and ``None`` where open; for several
                inputs a list of shapes.
        """

    def call(self, x: Any) -> Any:
        """Outputs for Tensors ``x``. May take a keyword ``training``."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, x)")

    def __call__(self, x: Any, *, training: bool | None = None) -> Any:
        """Apply the layer.

        Args:
            x: An array, a graph Tensor or a KerasTensor; or a list, tuple or dict of them. Inside
                another layer's ``call`` arrays and Variables are Tensors.
            training: Whether to behave as in training; ``None`` means as the surrounding call.

        Returns:
            The same kind of value as ``x``: arrays are computed at once.
        """
        self._check_initialized()
        if is_recording():
            # Its weights would be constants in an array computed now.
            x = map_structure(self._as_tensor, x)
        elif type(x) is np.ndarray:  # the usual case, and the one that is worth its microseconds
            return self._eager.run(self, x, bool(training))
        leaves = flatten(x)
        if any(isinstance(leaf, KerasTensor) for leaf in leaves):
            self._ensure_built(x)
            outputs = record(self, (x,), {} if training is None else {"training": training})
            self._calls.append(flatten(outputs)[0].call)
            return outputs
        if any(isinstance(leaf, Tensor) for leaf in leaves):
            self._ensure_built(x)
            with _mode(training) as mode, recording(), origin(nested_origin(self.name)):
                outputs = self._run(x, mode)
            trace = current_trace()
            if trace is not None and trace.calls is not None:
                trace.calls.append((self.name, outputs))
            return outputs
        return self._eager.run(self, x, bool(training))

    def _as_tensor(self, leaf: Any) -> Any:
        if isinstance(leaf, Variable):
            return leaf.tensor
        if isinstance(leaf, np.ndarray | np.generic):
            return constant(compiled_call.graph_array(leaf, keep_uint8=self.takes_uint8))
        return leaf

    def _run(self, x: Any, training: bool) -> Any:
        settings = {"training": training} if _takes_training(type(self)) else {}
        try:
            y = self.call(x, **settings)
        except (TypeError, ValueError) as error:
            shorten(error)
            raise
        except AttributeError as error:
            if isinstance(x, list | tuple | dict) and type(self).__module__.startswith(_OURS):
                raise TypeError(
                    f"layer {self.name!r}: {type(self).__name__} takes one array or Tensor, got a "
                    f"{type(x).__name__} of {len(x)}"
                ) from error
            raise
        if self.activity_regularizer is not None:
            note_activity(self, y)
        return y

    def _check_initialized(self) -> None:
        if "_build_lock" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}.__init__ must call super().__init__() before the layer is "
                "used"
            )

    @bounded
    def _ensure_built(self, x: Any) -> None:
        if self.built:
            return
        with self._only_builder():
            # A layer that calls itself while it is built is not built for that.
            if not self.built and self._building is None:
                self._build_for(map_structure(self._shape_of, x))

    def _shape_of(self, leaf: Any) -> tuple[int | None, ...]:
        if not hasattr(leaf, "shape"):
            raise TypeError(
                f"layer {self.name!r}: inputs must be arrays or Tensors, got {brief(leaf)}"
            )
        return tuple(leaf.shape)

    @contextmanager
    def _only_builder(self) -> Iterator[None]:
        """A scope that one thread at a time is in; undoes what one has begun that a fork lost."""
        with self._build_lock:
            if self._building is not None and self._building[0] is not threading.current_thread():
                del self._weights[self._building[1] :]
                self._building = None
            yield

    def _note_build(self, shapes: Any) -> None:
        """Called when :meth:`build` has made the weights for shapes."""

    def _build_for(self, shapes: Any) -> None:
        """Make the weights for a first call."""
        self.build(shapes)

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        *,
        dtype: str = "float32",
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str = "variable",
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            shape: Sizes, all known.
            initializer: Name or object of :mod:`fastcnn.initializers`.
            dtype: NumPy dtype.
            trainable: Whether an optimizer changes it.
            regularizer: Name or object of :mod:`fastcnn.regularizers`: a penalty for the loss.
            constraint: Name or object of :mod:`fastcnn.constraints`, applied after each update.
            name: Name inside the layer; the Variable is called ``layer/name``.

        Raises:
            ValueError: A size is open or negative.
        """
        if any(size is None or size < 0 for size in shape):
            raise ValueError(
                f"layer {self.name!r}: weight {name!r} cannot have shape {tuple(shape)}: every "
                "size must be known. Give the input that size, e.g. Input((32, 32, 3))"
            )
        weight = new_weight(
            tuple(int(size) for size in shape),
            initializers.get(initializer),
            dtype=dtype,
            name=f"{self.name}/{name}",
            trainable=trainable,
        )
        weight.regularizer = regularizers.get(regularizer)
        weight.constraint = constraints.get(constraint)
        self._weights.append(weight)
        invalidate()
        return weight

    @property
    def sublayers(self) -> list[Layer]:
        """Layers that this one keeps in its attributes, also inside lists and dicts."""
        return tracked_of(self, Layer)

    @property
    def weights(self) -> list[Variable]:
        """All Variables, this layer's first, each once."""
        owned = [weight for layer in all_layers(self) for weight in own_weights(layer)]
        return list({id(weight): weight for weight in owned}.values())

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The Variables that training changes."""
        layers = all_layers(self, trainable=True)
        owned = [weight for layer in layers for weight in own_weights(layer)]
        return list({id(weight): weight for weight in owned if weight.trainable}.values())

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The Variables that an optimizer leaves alone."""
        trainable = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in trainable]

    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it also sets it in all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in all_layers(self):
            layer._trainable = bool(value)
        invalidate()

    def prediction_program(self, x: Array) -> Callable[[Any], Any] | None:
        """What computes the outputs for an array like ``x``, where there is one; a layer alone has
        none.
        """
        return None

    def get_weights(self) -> list[Array]:
        """Copies of all weights, in the order of :attr:`weights`; while another thread trains them,
        those of a finished step.
        """
        return values_of(self.weights)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights; another thread that predicts sees all of the old or all of the new
        ones.

        Args:
            weights: Arrays in the order of :attr:`weights`.

        Raises:
            ValueError: Their number or a shape differs. Nothing has been changed then.
        """
        variables = self.weights
        if not isinstance(weights, list | tuple) or len(weights) != len(variables):
            came = len(weights) if isinstance(weights, list | tuple) else type(weights).__name__
            hint = "" if self.built else " The layer has no weights before its first call."
            raise ValueError(
                f"{self.name!r} has {len(variables)} weights, set_weights got {came}.{hint}"
            )
        arrays = [as_array(value) for value in weights]
        for variable, value in zip(variables, arrays, strict=True):
            if value.shape != tuple(variable.shape):
                raise ValueError(
                    f"weight {variable.name!r} has shape {tuple(variable.shape)}, set_weights got "
                    f"{value.shape}"
                )
        dtypes = [variable.dtype for variable in variables]
        assign_all(
            variables,
            [value.astype(dtype, copy=False) for value, dtype in zip(arrays, dtypes, strict=True)],
        )

    @property
    def losses(self) -> list[Any]:
        """The penalties on trained weights as they are now; those on outputs need a batch."""
        return [
            weight.regularizer(weight.numpy())
            for weight in self.trainable_weights
            if weight.regularizer is not None
        ]

    def count_params(self) -> int:
        """Number of elements in all weights."""
        return sum(math.prod(weight.shape) for weight in self.weights)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output for inputs of a shape, ``None`` where open.

        Args:
            input_shape: A tuple with the batch first, or a list or dict of such tuples.
        """
        x = map_shapes(lambda shape: KerasTensor(tuple(shape)), input_shape)
        self._check_initialized()
        self._ensure_built(x)
        return map_structure(lambda output: output.shape, infer(self, (x,), {}))

    @property
    def input(self) -> Any:
        """The KerasTensor that this layer was applied to.

        Raises:
            AttributeError: It was applied to none, or to several.
        """
        return self._only_call("input").args[0]

    @property
    def output(self) -> Any:
        """The KerasTensor that came out: ``Model(m.inputs, layer.output)`` is a model up to here.

        Raises:
            AttributeError: The layer was applied to no KerasTensor, or to several.
        """
        return self._only_call("output").outputs

    def _only_call(self, what: str) -> Call:
        if len(self._calls) != 1:
            raise AttributeError(
                f"layer {self.name!r} has no single {what}: it was applied to {len(self._calls)} "
                "symbolic inputs"
            )
        return self._calls[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _once(build: Callable[..., None]) -> Callable[..., None]:
    """The one door to a layer's weights: ``build`` of a class, whoever calls it.

    It does nothing once the layer is built, and what fails leaves no weights behind. What is called
    inside, as ``super().build()``, is a part of it.
    """

    @functools.wraps(build)
    def once(self: Layer, *shapes: Any, **named: Any) -> None:
        self._check_initialized()
        with self._only_builder():
            if self._building is not None:
                build(self, *shapes, **named)
                return
            if self.built:
                return
            weights = len(self._weights)
            self._building = (threading.current_thread(), weights)
            try:
                with recording(False):  # weights are made of numbers
                    build(self, *shapes, **named)
                self.built = True
                self._note_build(*shapes, *named.values())
            except BaseException:
                del self._weights[weights:]
                self.built = False
                raise
            finally:
                self._building = None

    return once


setattr(Layer, "build", _once(Layer.build))  # noqa: B010 - as for subclasses

#: Attributes that another copy of a layer has of its own.
_NOT_COPIED = frozenset({"_building", "_build_lock", "_calls", "_eager"})

#: Kinds of values whose arrival in an attribute may change what a layer consists of.
_PARTS = (Layer, Variable, list, tuple, dict)


@contextmanager
def _mode(training: bool | None) -> Iterator[bool]:
    """Let the layers called inside inherit the mode that a call was given."""
    trace = current_trace()
    if trace is None:
        yield bool(training)
        return
    before = trace.training
    if training is not None:
        trace.training = bool(training)
    try:
        yield trace.training
    finally:
        trace.training = before


_TRAINING_TAKERS: dict[type[Layer], bool] = {}


def _takes_training(layer: type[Layer]) -> bool:
    if layer not in _TRAINING_TAKERS:
        _TRAINING_TAKERS[layer] = "training" in inspect.signature(layer.call).parameters
    return _TRAINING_TAKERS[layer]
