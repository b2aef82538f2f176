"""What the functions that make networks share: their input, their end, their weights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastcnn import layers
from fastcnn.layers.base.keras_tensor import KerasTensor
from fastcnn.layers.base.validation import positive_int
from fastcnn.models import Model
from fastcnn.paths import AnyPath

__all__ = ["conv_norm", "feature_model", "image_input", "predictions"]

Weights = AnyPath | None


def image_input(
    owner: str,
    input_tensor: Any,
    input_shape: Sequence[int | None] | None,
    default: tuple[int, int, int],
    least: int,
    include_top: bool,
) -> KerasTensor:
    """The tensor that a network begins with.

    Args:
        owner: Name of the network, for messages.
        input_tensor: What :func:`fastcnn.Input` returned, or None.
        input_shape: Height, width and channels, or None: ``default`` with the classifier, any
            height and width without.
        default: Height, width and channels of the published network.
        least: Fewest pixels of height and width.
        include_top: Whether the classifier follows.

    Raises:
        ValueError: Both tensor and shape are given and disagree, or the images are too small.
        TypeError: ``input_tensor`` is something else.
    """
    if input_tensor is None:
        shape: Sequence[int | None] = default if include_top else (None, None, default[2])
        if input_shape is not None:
            shape = tuple(input_shape)
        _check_shape(owner, shape, least)
        return layers.Input(shape)
    if not isinstance(input_tensor, KerasTensor):
        raise TypeError(
            f"{owner}: input_tensor must be what Input(...) returns, got "
            f"{type(input_tensor).__name__}; to apply the network to something else, call the model"
        )
    if input_shape is not None and tuple(input_shape) != tuple(input_tensor.shape[1:]):
        raise ValueError(
            f"{owner}: input_shape {tuple(input_shape)} is not that of input_tensor, "
            f"{tuple(input_tensor.shape[1:])}; give one of them"
        )
    _check_shape(owner, input_tensor.shape[1:], least)
    return input_tensor


def _check_shape(owner: str, shape: Sequence[int | None], least: int) -> None:
    if len(shape) != 3 or shape[2] is None:
        raise ValueError(
            f"{owner}: input_shape must be (height, width, channels), got {tuple(shape)}"
        )
    if any(extent is not None and extent < least for extent in shape[:2]):
        raise ValueError(
            f"{owner}: images must have at least {least} x {least} pixels, got input_shape "
            f"{tuple(shape)}"
        )


def conv_norm(
    x: Any,
    filters: int,
    kernel_size: int,
    strides: int = 1,
    *,
    name: str,
    norm_name: str,
    depthwise: bool = False,
    padding: Any = None,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
) -> Any:
    """Convolution without bias, then batch normalization.

    Args:
        x: Image tensor.
        filters: Number of filters; for ``depthwise`` the number of channels.
        kernel_size: Rows and columns of the window.
        strides: Pixels between windows.
        name: Of the convolution.
        norm_name: Of the normalization.
        depthwise: Whether every channel is filtered by itself.
        padding: None for half a window on all sides, as in PyTorch.
        momentum: Of the running statistics.
        epsilon: Added to the variance.
    """
    sides = kernel_size // 2 if padding is None else padding
    if depthwise:
        convolution: layers.Layer = layers.DepthwiseConv2D(
            kernel_size,
            strides,
            sides,
            use_bias=False,
            depthwise_initializer="he_normal",
            name=name,
        )
    else:
        convolution = layers.Conv2D(
            filters,
            kernel_size,
            strides,
            sides,
            use_bias=False,
            kernel_initializer="he_normal",
            name=name,
        )
    x = convolution(x)
    return layers.BatchNormalization(momentum=momentum, epsilon=epsilon, name=norm_name)(x)


def predictions(owner: str, x: Any, classes: int, activation: Any, *, dropout: float = 0.0) -> Any:
    """Mean over the image, dropout, and a number for each class.

    Raises:
        ValueError: ``classes`` is no positive number.
    """
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="top_dropout")(x)
    units = positive_int(classes, "classes", owner)
    return layers.Dense(units, activation=activation, name="predictions")(x)


def feature_model(
    owner: str,
    inputs: Any,
    features: Any,
    top: Any,
    pooling: str | None,
    weights: Weights,
    name: str | None,
) -> Model:
    """The network as a model, its weights read from a file if one is given.

    Args:
        owner: Name of the network, for messages.
        inputs: From :func:`image_input`.
        features: The last image before the classifier.
        top: What follows it, or None for a network without classifier.
        pooling: Without classifier: None for the image, ``"avg"`` or ``"max"`` over it.
        weights: None for new weights, or a file that ``save_weights`` or ``save`` wrote.
        name: Of the model.

    Raises:
        ValueError: ``pooling`` or ``weights`` is something else.
    """
    if pooling not in (None, "avg", "max"):
        raise ValueError(f"{owner}: pooling must be None, 'avg' or 'max', got {pooling!r}")
    if weights is not None and not Path(os.fsdecode(weights)).is_file():
        raise ValueError(
            f"{owner}: weights must be None or a file that save_weights() wrote, and there is no "
            f"file {os.fsdecode(weights)!r}; published weights are not offered yet"
        )
    outputs = top
    if outputs is None:
        outputs = features
        if pooling == "avg":
            outputs = layers.GlobalAveragePooling2D(name="avg_pool")(features)
        elif pooling == "max":
            outputs = layers.GlobalMaxPooling2D(name="max_pool")(features)
    model = Model(inputs, outputs, name=name)
    if weights is not None:
        model.load_weights(weights)
    return model
