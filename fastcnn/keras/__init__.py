"""fastcnn under the module paths of Keras.

A script written for ``tensorflow.keras`` runs when its imports change:

    from fastcnn.keras import layers, models
    from fastcnn.keras.datasets import cifar10
"""

from fastcnn.keras import (
    activations,
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
from fastcnn.keras.models import Model, Sequential
from fastcnn.layers import Input, Layer

__all__ = [
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "activations",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]
