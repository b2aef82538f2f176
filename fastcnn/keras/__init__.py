"""fastcnn under the module paths of Keras.

A script written for ``tensorflow.keras`` runs when its imports change:

    from fastcnn.keras import layers, models
    from fastcnn.keras.datasets import cifar10
"""

from fastcnn._version import __version__
from fastcnn.graph.variable import Variable
from fastcnn.initializers import Initializer
from fastcnn.keras import (
    activations,
    applications,
    backend,
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    preprocessing,
    regularizers,
    saving,
    utils,
)
from fastcnn.keras.models import Model, Sequential
from fastcnn.layers import Input, Layer
from fastcnn.layers.base.keras_tensor import KerasTensor
from fastcnn.losses import Loss
from fastcnn.metrics import Metric
from fastcnn.optimizers import Optimizer
from fastcnn.regularizers import Regularizer

__all__ = [
    "Initializer",
    "Input",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Variable",
    "__version__",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "regularizers",
    "saving",
    "utils",
    "version",
]


def version() -> str:
    """Of fastcnn."""
    return __version__
