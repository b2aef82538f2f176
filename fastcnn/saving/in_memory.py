"""Models as ``pickle`` and ``copy`` handle them: what a file would hold, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastcnn.graph.variable import Variable
from fastcnn.saving.bounded_json import parse_object
from fastcnn.saving.model_file import (
    between_steps,
    built_weights,
    describe_model,
    made_model,
    snapshot,
)
from fastcnn.saving.protocols import SavedModel

__all__ = ["from_parts", "to_parts"]

Array = NDArray[Any]
M = TypeVar("M", bound=SavedModel)


class _Parts:
    """A description and arrays in memory; see :class:`fastcnn.saving.protocols.Stored`."""

    path = "<copy>"

    def __init__(self, text: str, arrays: Mapping[str, Array]) -> None:
        self.description = parse_object(text.encode())
        self.shapes = {name: array.shape for name, array in arrays.items()}
        self.dtypes = {name: array.dtype for name, array in arrays.items()}
        self._arrays = arrays

    def arrays(self, names: list[str]) -> list[Array]:
        return [self._arrays[name] for name in names]


def to_parts(model: SavedModel) -> tuple[str, dict[str, Array], dict[str, Any]]:
    """A model in parts: its description, copies of its arrays by name, and the caller's own classes
    and functions that the description names. It need not be built.

    Raises:
        TypeError: A layer cannot say how it was made.
        ValueError: The description could not bring back the same model.
    """
    weights: dict[str, Variable] = {}
    if model.built:
        weights = built_weights(model)
    elif model.weights:
        raise ValueError(
            f"cannot copy model {model.name!r}: it is not built, but has layers with weights, "
            "which would be lost; call it on data first"
        )
    with between_steps(model):
        description, sources, named = describe_model(model, weights)
        sources = snapshot(sources)
    arrays = {name: np.asarray(source) for name, source in sources.items()}
    return json.dumps(description), arrays, named


def from_parts(
    text: str, arrays: Mapping[str, Array], named: Mapping[str, Any], kind: type[M]
) -> M:
    """The model of :func:`to_parts`.

    Args:
        text: Its description.
        arrays: Its arrays.
        named: Classes and functions that the description may name.
        kind: The class that models are of.

    Raises:
        ValueError: The parts do not belong together.
    """
    return made_model(_Parts(text, arrays), kind, custom_objects=named)
