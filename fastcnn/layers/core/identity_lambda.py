"""Layers that hand values on, or to a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastcnn.config import lookup, refuse
from fastcnn.layers.base.layer import Layer

__all__ = ["Identity", "Lambda"]


class Identity(Layer):
    """Returns what it is given."""

    def call(self, x: Any) -> Any:
        """``x`` itself."""
        return x


class Lambda(Layer):
    """Calls a function made of ``fastcnn.ops``.

    A file keeps the function's name alone: hand the function in again with
    ``load(path, custom_objects={"my_function": my_function})``. A lambda has no name.

    Args:
        function: Takes Tensors; may take a keyword ``training``.
        output_shape: Not supported, since shapes are worked out: ``None`` only.
        mask: Not supported: ``None`` only.
        arguments: Further keyword arguments of the function.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: No function, or an unknown name.
    """

    _not_configured = frozenset({"input_shape", "output_shape", "mask"})

    def __init__(
        self,
        function: Callable[..., Any] | str,
        output_shape: None = None,
        mask: None = None,
        arguments: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        refuse("Lambda", output_shape=output_shape, mask=mask)
        if isinstance(function, str):
            function = lookup("function", function, {})
        if not callable(function):
            raise ValueError(f"Lambda: function must be a function, got {function!r}")
        self.function: Callable[..., Any] = function
        self.arguments = dict(arguments or {})

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``function(x, **arguments)``."""
        settings = dict(self.arguments)
        if "training" in inspect.signature(self.function).parameters:
            settings["training"] = training
        return self.function(x, **settings)
