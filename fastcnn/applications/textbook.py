"""The CNN of the textbooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import layers
from fastcnn.applications._network import Weights, feature_model, image_input
from fastcnn.layers.base.validation import positive_int
from fastcnn.messages import suggesting
from fastcnn.models import Model

__all__ = ["TextbookCNN"]

_KERNEL, _POOL = 3, 2


@suggesting
def TextbookCNN(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    *,
    filters: Sequence[int] = (32, 64, 128),
    dense: int = 128,
    dropout: float = 0.0,
    include_preprocessing: bool = False,
    name: str = "textbook_cnn",
) -> Model:
    """3x3 convolutions with ReLU, each before 2x2 max-pooling, then dense layers.

    By default Conv 32-64-128 and Dense 128-10 for images of 32x32 pixels: 0.16 million parameters,
    5.1 million multiply-adds.

    Args:
        include_top: Whether the dense layers are part of it; they fix the size of images.
        weights: None for new weights, or a file of ``save_weights`` or ``save``.
        input_tensor: What :func:`fastcnn.Input` returned, instead of ``input_shape``.
        input_shape: Height, width, channels; None for (32, 32, 3), without dense layers for any
            height and width.
        pooling: Without dense layers: None for the last image, ``"avg"`` or ``"max"`` over it.
        classes: Outputs of the last layer.
        classifier_activation: Activation of the last layer; None for logits.
        filters: Filters of each convolution.
        dense: Units of the hidden dense layer.
        dropout: Rate of dropout before the last layer; 0 for none.
        include_preprocessing: Whether the first layer scales pixels from 0 to 255 to [0, 1].
        name: Name of the model.

    Returns:
        A model of images ``(batch, height, width, channels)``.

    Raises:
        ValueError: An argument is not as above, or the images are too small for so many
            convolutions.

    Example:
        >>> TextbookCNN().count_params()
        160202
    """
    owner = "TextbookCNN"
    least = 1
    for _ in filters:
        least = least * _POOL + _KERNEL - 1
    inputs = image_input(owner, input_tensor, input_shape, (32, 32, 3), least, include_top)
    x: Any = inputs
    if include_preprocessing:
        x = layers.Rescaling(1 / 255)(x)
    for width in filters:
        x = layers.Conv2D(width, _KERNEL, activation="relu")(x)
        x = layers.MaxPooling2D(_POOL)(x)
    top = None
    if include_top:
        units = positive_int(classes, "classes", owner)
        top = layers.Dense(dense, activation="relu")(layers.Flatten()(x))
        if dropout:
            top = layers.Dropout(dropout)(top)
        top = layers.Dense(units, activation=classifier_activation)(top)
    return feature_model(owner, inputs, x, top, pooling, weights, name)
