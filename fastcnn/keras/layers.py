"""Layers under Keras' module path: see :mod:`fastcnn.layers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn import layers
from fastcnn.config import custom_object_scope
from fastcnn.config import serialize as serialized
from fastcnn.layers import *  # noqa: F403
from fastcnn.layers import Layer
from fastcnn.layers import __all__ as names
from fastcnn.layers.base.registry import make_layer

AvgPool1D = layers.AveragePooling1D
AvgPool2D = layers.AveragePooling2D
AvgPool3D = layers.AveragePooling3D
Convolution1D = layers.Conv1D
Convolution1DTranspose = layers.Conv1DTranspose
Convolution2D = layers.Conv2D
Convolution2DTranspose = layers.Conv2DTranspose
Convolution3D = layers.Conv3D
Convolution3DTranspose = layers.Conv3DTranspose
GlobalAvgPool1D = layers.GlobalAveragePooling1D
GlobalAvgPool2D = layers.GlobalAveragePooling2D
GlobalAvgPool3D = layers.GlobalAveragePooling3D
GlobalMaxPool1D = layers.GlobalMaxPooling1D
GlobalMaxPool2D = layers.GlobalMaxPooling2D
GlobalMaxPool3D = layers.GlobalMaxPooling3D
MaxPool1D = layers.MaxPooling1D
MaxPool2D = layers.MaxPooling2D
MaxPool3D = layers.MaxPooling3D
SeparableConvolution1D = layers.SeparableConv1D
SeparableConvolution2D = layers.SeparableConv2D

__all__ = [
    *names,
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "deserialize",
    "serialize",
]


def serialize(layer: Layer) -> dict[str, Any]:
    """Class and settings of a layer, as a model file has them; without weights.

    Raises:
        TypeError: It cannot say how it was made.
    """
    return serialized(layer)  # type: ignore[no-any-return]


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """The layer that :func:`serialize` described, with new weights.

    Raises:
        ValueError: An unknown class, or a configuration that it does not take.
    """
    with custom_object_scope(custom_objects):
        return make_layer(config)
