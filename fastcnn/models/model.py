"""Models: layers put together, with everything to train, save and inspect them."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.config.references import made_arguments, one_description, one_revival
from fastcnn.data_adapters.input_standardization import check_shape
from fastcnn.graph import Tensor
from fastcnn.layers import Layer
from fastcnn.layers.base.keras_tensor import KerasTensor, Shape
from fastcnn.layers.base.registry import register_layers
from fastcnn.messages import suggesting
from fastcnn.models.call_graph import CallGraph
from fastcnn.models.summary import print_summary
from fastcnn.naming import unique_name
from fastcnn.paths import AnyPath
from fastcnn.saving import in_memory, model_file
from fastcnn.training.trainer import Trainer
from fastcnn.tree import (
    StructureError,
    at_least_list,
    flatten,
    in_order,
    keys_as_names,
    map_shapes,
    map_structure,
    pack,
    paths,
)

__all__ = ["Model"]

Array = NDArray[Any]


class Model(Trainer):
    """A network: a graph of layer calls, or a class of one's own.

    Args:
        inputs: What :func:`fastcnn.Input` returned; for several inputs a list or dict of it, also
            nested. Calls take the same structure: of a dict the keys count, whatever the names of
            the inputs.
        outputs: What came out of the layers; for several outputs a list or dict, also nested, in
            which calls return them. A list of one is what is in it.
        name: For messages; ``None`` makes one.
        trainable: Whether training changes the weights.

    A subclass leaves out inputs and outputs and defines ``call(self, x)`` with layers that it
    keeps in attributes.

    Example:
        >>> from fastcnn import Input, layers
        >>> x = Input((32, 32, 3))
        >>> y = layers.Conv2D(8, 3, activation="relu")(x)
        >>> y = layers.GlobalAveragePooling2D()(y)
        >>> model = Model(x, layers.Dense(10)(y))
        >>> model.output_shape
        (None, 10)
    """

    _not_configured = frozenset({"input_shape", "inputs", "outputs"})
    takes_uint8 = True

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        if name is None and type(self) is Model:
            name = unique_name("Functional")
        super().__init__(name=name, trainable=trainable)
        self.graph: CallGraph | None = None
        #: Shapes of the first call, from which a subclass without a graph can be built again.
        self.build_shapes: Any = None
        #: Names of the outputs of a subclass that returns them in a dict, once it was called.
        self._returned_names: Any = None
        # What a first call that failed was given binds nobody.
        self._was_called = False
        #: JSON data of the caller's, saved with the model: names of classes, for one.
        self.metadata: dict[str, Any] = {}
        if (inputs is None) != (outputs is None):
            raise ValueError("Model: give both inputs and outputs, or neither in a subclass")
        if inputs is not None:
            self._set_graph(CallGraph(inputs, outputs))

    def _set_graph(self, graph: CallGraph | None) -> None:
        if graph is not None:
            names = Counter(layer.name for layer in graph.layers)
            twice = sorted(name for name, count in names.items() if count > 1)
            if twice:
                raise ValueError(
                    f"model {self.name!r}: several layers are called {twice[0]!r}; names must be "
                    "unique within a model"
                )
        self.graph = graph
        self.built = graph is not None

    @property
    def layers(self) -> list[Layer]:
        """The layers, in Keras' order: what is the most calls away from the outputs comes first."""
        return super().sublayers if self.graph is None else list(self.graph.ordered)

    @property
    def sublayers(self) -> list[Layer]:
        """See :attr:`layers`; also those in attributes of a subclass."""
        found = {id(layer): layer for layer in [*self.layers, *super().sublayers]}
        return list(found.values())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """One layer, by its name or its place in :attr:`layers`.

        Raises:
            ValueError: There is none.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError("get_layer: give either name or index")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"get_layer: there are {len(layers)} layers, got index {index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"get_layer: no layer is called {name!r}; there are "
            f"{', '.join(layer.name for layer in layers)}"
        )

    def call(self, x: Any) -> Any:
        """Outputs for Tensors ``x``: runs the layers one after the other."""
        if self.graph is None:
            raise NotImplementedError(
                f"{type(self).__name__} must define call(self, x), or pass inputs and outputs to "
                "super().__init__"
            )
        return self.graph.run(self._in_order(x))

    def _in_order(self, x: Any) -> list[Any]:
        assert self.graph is not None
        try:
            return in_order(x, self.named_inputs)
        except StructureError as error:
            if isinstance(error.given, dict):
                raise ValueError(
                    f"model {self.name!r} has the inputs {error.expected}, the dict has "
                    f"{list(error.given)}: {error.missing} must be there too, each once"
                ) from None
            raise ValueError(
                f"model {self.name!r} has {len(error.expected)} inputs "
                f"({', '.join(map(str, error.expected))}), got {len(flatten(error.given))}: pass a "
                "list in that order or a dict by name"
            ) from None

    def _run(self, x: Any, training: bool) -> Any:
        specs = self.input_specs
        if specs is None:
            x = map_structure(lambda tensor: _cast(tensor, "float32"), x)
        elif self.graph is not None:
            values = self._in_order(x)
            labels = flatten(paths(self.named_inputs))
            for value, spec, label in zip(values, specs, labels, strict=True):
                self._shape_of(value)
                check_shape(value.shape, spec.shape, label, self.name)
            values = [self._fed(value, spec) for value, spec in zip(values, specs, strict=True)]
            x = pack(self.graph.input_structure, values)
        y = super()._run(x, training)
        if self.graph is None:
            self._returned_names = keys_as_names(y)
            self._was_called = True
        elif isinstance(y, list | tuple) and len(y) == 1:
            return y[0]
        return y

    def _fed(self, value: Any, spec: KerasTensor) -> Any:
        """An input as the layers take it; those that rescale bytes get them uncast."""
        assert self.graph is not None
        if value.dtype == np.uint8 and self.graph.takes_uint8(spec):
            return value
        return _cast(value, spec.dtype.name)

    def on_tensors(self, tensors: Sequence[Any]) -> Any:
        """The model's outputs for graph Tensors, one per input."""
        if self.graph is None and (names := self._noted_inputs()) is not None:
            return self(pack(names, tensors))
        return self(list(tensors) if len(tensors) > 1 else tensors[0])

    def prepare(self, x: Any) -> None:
        """Note the structure of the first inputs of a subclass."""
        if self.graph is None and not self._was_called:
            self._note_shapes(x)

    def find_outputs(self) -> None:
        """Call a subclass symbolically to see how it returns its outputs."""
        if self.graph is None and self.build_shapes is not None:
            self.build_from_shapes(self.build_shapes)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs."""
        return self._graph_or_error("inputs").inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs."""
        return self._graph_or_error("outputs").outputs

    @property
    def input(self) -> Any:
        """The symbolic input, or the structure of inputs."""
        return self._graph_or_error("input").input_structure

    @property
    def output(self) -> Any:
        """The symbolic output, or the structure of outputs."""
        return self._graph_or_error("output").output_structure

    @property
    def input_shape(self) -> Any:
        """Shape of the input, ``None`` where open."""
        return map_structure(lambda tensor: tensor.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, ``None`` where open."""
        return map_structure(lambda tensor: tensor.shape, self.output)

    def _graph_or_error(self, what: str) -> CallGraph:
        if self.graph is None:
            raise AttributeError(
                f"model {self.name!r} has no {what}: it was made without Input(), or not built yet"
            )
        return self.graph

    @property
    def input_specs(self) -> list[KerasTensor] | None:
        """The symbolic inputs; ``None`` while they are not known."""
        return None if self.graph is None else self.graph.inputs

    @property
    def output_names(self) -> list[str] | None:
        """Names of the outputs: keys of a dict, or names of the layers they come from; in nested
        structures keys and names on the way to them.
        """
        names = self.named_outputs
        return None if names is None else flatten(names)

    @property
    def named_inputs(self) -> Any:
        """Names of the inputs, in the structure of the inputs. ``None`` while they are not known,
        and for a subclass that takes no dict.
        """
        if self.graph is None:
            return self._noted_inputs() if self._was_called else None
        return at_least_list(map_structure(lambda tensor: tensor.name, self.input))

    def _noted_inputs(self) -> Any:
        return keys_as_names(map_shapes(lambda _: "", self.build_shapes or ()))

    @property
    def named_outputs(self) -> Any:
        """:attr:`output_names` in the structure of the outputs. ``None`` while they are not known,
        and for a subclass that returns no dict.
        """
        if self.graph is None:
            return self._returned_names

        def layer_name(tensor: KerasTensor) -> str:
            return tensor.name if tensor.call is None else tensor.call.name

        seen: Counter[str] = Counter()

        def unique(name: str) -> str:
            seen[name] += 1
            return f"{name}_{seen[name] - 1}" if seen[name] > 1 else name

        names = paths(at_least_list(map_structure(layer_name, self.output)))
        return map_structure(unique, names)

    @property
    def output_shapes(self) -> list[Shape] | None:
        """Shapes of the outputs; ``None`` while they are not known."""
        return None if self.graph is None else [tensor.shape for tensor in self.graph.outputs]

    def build(self, input_shape: Any) -> None:
        """Make the weights of a subclass by one symbolic call; other models have theirs.

        Args:
            input_shape: Sizes of the input, batch first and ``None`` where open; for several inputs
                a list or dict of such tuples.
        """
        self.build_from_shapes(input_shape)

    def build_from_shapes(self, shapes: Any) -> None:
        """Call the model once on symbolic inputs, for its layers to make their weights.

        Args:
            shapes: Sizes of the input, batch first; or a list or dict of these.
        """
        x = map_shapes(lambda shape: KerasTensor((None, *tuple(shape)[1:])), shapes)
        self._note_shapes(x)
        self(x)

    def _note_shapes(self, x: Any) -> None:
        self.build_shapes = map_structure(lambda leaf: [None, *leaf.shape[1:]], x)

    def _ensure_built(self, x: Any) -> None:
        if self.graph is None and not self._was_called and self._building is None:
            self._note_shapes(x)
        super()._ensure_built(x)

    def _note_build(self, shapes: Any) -> None:
        if self.graph is None and self.build_shapes is None:
            self.build_shapes = map_shapes(lambda shape: [None, *tuple(shape)[1:]], shapes)

    def _build_for(self, shapes: Any) -> None:
        if type(self).build is Model.build:
            self.built = True  # the call that needs it makes the weights of the layers inside
        else:
            super()._build_for(shapes)

    @suggesting
    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Print the layers with output shapes, parameters, multiplications and bytes.

        Args:
            line_length: Width in characters; ``None`` is what the table needs, or on a narrow
                terminal its width.
            print_fn: Called with the text; defaults to ``print``.
            expand_nested: Whether layers of models inside are listed too.
            show_trainable: Whether a column says which layers are trained.
        """
        print_summary(self, line_length, print_fn or print, expand_nested, show_trainable)

    @one_description
    def get_config(self) -> dict[str, Any]:
        """The model as JSON data, without its weights."""
        if self.graph is None:
            return super().get_config()
        return {"name": self.name, "trainable": self.trainable, **self.graph.get_config()}

    @classmethod
    @one_revival
    def from_config(cls, config: Mapping[str, Any]) -> Model:
        """Make a model, with new weights, from what :meth:`get_config` returned.

        A graph becomes a plain ``Model`` if the constructor of the class takes something else than
        inputs and outputs.
        """
        if "calls" not in config:
            return cls(**made_arguments(config))
        graph = CallGraph.from_config(config)
        kind = cls if takes(cls, "inputs", "outputs", "name") else Model
        model = kind(graph.input_structure, graph.output_structure, name=config["name"])
        model._trainable = bool(config.get("trainable", True))
        return model

    def __repr__(self) -> str:
        name = f"<{type(self).__name__} {self.name!r}"
        if self.graph is None and not self.built:
            return f"{name}: {len(self.layers)} layers, not built>"
        text = f"{name}: {len(self.layers)} layers, {self.count_params():,} parameters"
        if self.graph is None:
            return f"{text}>"
        return f"{text}, {self.input_shape} -> {self.output_shape}>"

    @suggesting
    def save(
        self, filepath: AnyPath, overwrite: bool = True, *, include_optimizer: bool = True
    ) -> None:
        """Write the model into one file: description, weights, optimizer and its state.

        The file is in the safetensors format and takes its place at once, complete or not at all.

        Args:
            filepath: Where; any name, but a warning says so if it ends as files of Keras do.
            overwrite: Whether a file that is there may be replaced.
            include_optimizer: Whether the file has what training needs to go on: loss, metrics,
                optimizer and its state, which for Adam is twice as large as the weights. A model
                to be used needs none of it.

        Raises:
            FileExistsError: There is a file and ``overwrite`` is False.
            ValueError: The model has no weights yet.
            TypeError: A layer cannot say how it was made.
        """
        model_file.save_model(
            self, filepath, overwrite=overwrite, include_optimizer=include_optimizer
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """What ``pickle`` and ``copy`` make another model of: all that :meth:`save` writes. Layers,
        losses and functions of the caller's own are found by themselves.
        """
        return _made_of_parts, in_memory.to_parts(self)

    @suggesting
    def save_weights(self, filepath: AnyPath, overwrite: bool = True) -> None:
        """Write the weights alone; arguments as :meth:`save`."""
        model_file.save_weights(self, filepath, overwrite=overwrite)

    @suggesting
    def load_weights(self, filepath: AnyPath) -> None:
        """Replace the weights by those of a file of :meth:`save_weights` or :meth:`save`.

        Raises:
            ValueError: The file is damaged, or its weights have other shapes.
        """
        model_file.load_weights(self, filepath)


register_layers(Model)


def _made_of_parts(text: str, arrays: Mapping[str, Array], named: Mapping[str, Any]) -> Model:
    return in_memory.from_parts(text, arrays, named, Model)


def takes(kind: type[Model], *arguments: str) -> bool:
    """Whether the constructor of a class takes arguments of these names, or passes all on."""
    parameters = inspect.signature(kind.__init__).parameters
    passes_on = {p.kind for p in list(parameters.values())[1:]}
    if passes_on == {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        return True
    return set(arguments) <= set(parameters)


def _cast(tensor: Any, dtype: str) -> Any:
    """A graph Tensor in the dtype that the layers compute with."""
    if not isinstance(tensor, Tensor) or tensor.dtype == np.dtype(dtype):
        return tensor
    return ops.cast(tensor, dtype)
