"""fastcnn: convolutional networks on ordinary CPUs, in the words of Keras.

Names are loaded when they are first used, so that ``import fastcnn`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from fastcnn._version import __version__

if TYPE_CHECKING:
    from fastcnn import (
        activations,
        applications,
        callbacks,
        constraints,
        datasets,
        graph,
        initializers,
        keras,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        reference,
        regularizers,
        runtime,
        schedules,
        testing,
    )
    from fastcnn.graph.variable import Variable
    from fastcnn.layers.base.layer import Layer
    from fastcnn.layers.base.trace_context import tracing
    from fastcnn.layers.core.input import Input
    from fastcnn.models import Model, Sequential, load, training_step
    from fastcnn.seeding import set_random_seed

__all__ = [
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "Variable",
    "__version__",
    "activations",
    "applications",
    "callbacks",
    "constraints",
    "datasets",
    "graph",
    "initializers",
    "keras",
    "layers",
    "load",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "reference",
    "regularizers",
    "runtime",
    "schedules",
    "set_random_seed",
    "testing",
    "tracing",
    "training_step",
]

# Names that are not modules, and the modules they come from.
_HOMES = {
    "Input": "fastcnn.layers",
    "Layer": "fastcnn.layers",
    "Model": "fastcnn.models",
    "Sequential": "fastcnn.models",
    "Variable": "fastcnn.graph.variable",
    "load": "fastcnn.models",
    "set_random_seed": "fastcnn.seeding",
    "tracing": "fastcnn.layers.base.trace_context",
    "training_step": "fastcnn.models",
}
# Those whose operators are functions of fastcnn.ops, which is a floor above them.
_WITH_ARITHMETIC = {"Variable", "graph"}


def _load_core() -> Any:
    """The compiled core, or a sentence for whoever imports sources that it was not built into."""
    try:
        return importlib.import_module("fastcnn._core")
    except ModuleNotFoundError as error:
        if error.name != "fastcnn._core":
            raise
        raise ImportError(
            f"fastcnn: no compiled core for Python {sys.version_info[0]}.{sys.version_info[1]} in "
            f"{__path__[0]}, a source folder that hides any installed fastcnn; install it in place "
            "with `pip install --editable .`, or run Python outside the folder that holds it",
            name="fastcnn._core",
        ) from None


def __getattr__(name: str) -> Any:
    if name == "_core":
        return _load_core()
    if name not in __all__:
        raise AttributeError(f"module 'fastcnn' has no attribute {name!r}")
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        value = importlib.import_module(f"fastcnn.{name}")
    if name in _WITH_ARITHMETIC:
        importlib.import_module("fastcnn.ops")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
