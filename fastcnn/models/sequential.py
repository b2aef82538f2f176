"""Models that are one layer after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

from fastcnn.config.references import describe, one_description, one_revival
from fastcnn.layers import Input, InputLayer, Layer
from fastcnn.layers.base.keras_tensor import KerasTensor, checked_shape
from fastcnn.layers.base.registry import make_layer, register_layers
from fastcnn.models.call_graph import CallGraph, input_of
from fastcnn.models.model import Model, takes
from fastcnn.tree import flatten

__all__ = ["Sequential"]

Array = NDArray[Any]


class Sequential(Model):
    """Layers that each take the output of the one before.

    The shape of the input comes from :func:`fastcnn.Input` in first place, from ``input_shape=``
    of the first layer, or from the first data.

    Args:
        layers: The layers, in order.
        name: For messages; ``None`` makes one.
        trainable: Whether training changes the weights.

    Example:
        >>> from fastcnn import Input, layers
        >>> model = Sequential([Input((8,)), layers.Dense(4, activation="relu"), layers.Dense(2)])
        >>> model.count_params()
        46
    """

    def __init__(
        self,
        layers: Iterable[Any] | None = None,
        name: str | None = None,
        *,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self._stack: list[Layer] = []
        self._chain: list[KerasTensor] = []
        names: set[str] = set()
        for layer in layers or []:
            self._append(layer, names)
        self._close()

    def add(self, layer: Any) -> None:
        """Put a layer at the end; in first place also what :func:`fastcnn.Input` returns.

        Raises:
            TypeError: It is not a layer.
            ValueError: An input that is not in first place, or a name that is taken.
        """
        self._append(layer, {other.name for other in self._stack})
        self._close()

    def pop(self) -> Layer | None:
        """Remove the last layer and return it."""
        if not self._stack:
            return None
        layer = self._stack.pop()
        if len(self._chain) > 1:
            call = self._chain.pop().call
            layer._calls = [other for other in layer._calls if other is not call]
        self._close()
        return layer

    def _append(self, layer: Any, names: set[str]) -> None:
        """Put a layer at the end, and its name to those of the layers before it."""
        if isinstance(layer, KerasTensor) and layer.origin is not None:
            layer = layer.origin
        if isinstance(layer, InputLayer):
            if self._stack or self._chain:
                raise ValueError(
                    f"model {self.name!r}: an input must be the first entry of a Sequential"
                )
            self._chain = [layer.tensor]
            return
        if not isinstance(layer, Layer):
            raise TypeError(
                f"model {self.name!r}: Sequential takes layers, got {type(layer).__name__}: "
                f"{layer!r}"
            )
        if layer.name in names and not any(layer is other for other in self._stack):
            raise ValueError(
                f"model {self.name!r}: a layer called {layer.name!r} is there already; names must "
                "be unique within a model"
            )
        if not self._stack and not self._chain:
            if layer.first_input_shape is not None:
                self._chain = [Input(layer.first_input_shape)]
            elif isinstance(layer, Model) and layer.graph is not None:
                spec = layer.graph.inputs[0]
                self._chain = [Input(spec.shape[1:], spec.shape[0], spec.dtype)]
        if self._chain:
            self._chain.append(self._linked(layer, self._chain[-1]))
        self._stack.append(layer)
        names.add(layer.name)

    def _linked(self, layer: Layer, x: KerasTensor) -> KerasTensor:
        output = layer(x)
        if not isinstance(output, KerasTensor):
            raise ValueError(
                f"model {self.name!r}: layer {layer.name!r} returns several outputs; a Sequential "
                "passes on one. Use Model(inputs, outputs)"
            )
        return output

    def _close(self) -> None:
        """Bring the graph up to date."""
        if len(self._chain) > 1:
            self._set_graph(CallGraph(self._chain[0], self._chain[-1]))
        else:
            self._set_graph(None)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input, as in Keras."""
        return list(self._stack)

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of a shape, the batch first.

        Raises:
            ValueError: There are no layers, or one cannot take the shape.
        """
        with self._only_builder():
            if self.graph is not None:
                return
            if not self._stack:
                raise ValueError(f"model {self.name!r} has no layers: add some first")
            chain = [Input(checked_shape(input_shape)[1:])]
            for layer in self._stack:
                chain.append(self._linked(layer, chain[-1]))
            self._chain = chain
            self._close()

    def _ensure_built(self, x: Any) -> None:
        if self.graph is None:
            self.build((None, *x.shape[1:]))

    def prepare(self, x: Any) -> None:
        """Build for the shape of the first data."""
        arrays = flatten(x)
        if self.graph is None and len(arrays) == 1 and arrays[0].ndim > 1:
            self.build((None, *arrays[0].shape[1:]))

    @one_description
    def get_config(self) -> dict[str, Any]:
        """The model as JSON data, without its weights."""
        spec = self._chain[0] if self._chain else None
        return {
            "name": self.name,
            "trainable": self.trainable,
            "input": None
            if spec is None
            else {"shape": list(spec.shape), "dtype": spec.dtype.name, "name": spec.name},
            "layers": [describe(layer) for layer in self._stack],
        }

    @classmethod
    @one_revival
    def from_config(cls, config: Mapping[str, Any]) -> Sequential:
        """Make a model, with new weights, from what :meth:`get_config` returned.

        It is a plain ``Sequential`` if the constructor of the class takes something else than
        layers.
        """
        entry = config["input"]
        first = [] if entry is None else [input_of(entry)]
        layers = [make_layer(item) for item in config["layers"]]
        kind = cls if takes(cls, "layers", "name") else Sequential
        model = kind([*first, *layers], name=config["name"])
        model._trainable = bool(config.get("trainable", True))
        return model


register_layers(Sequential)
