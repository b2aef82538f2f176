"""VGG: stacks of 3x3 convolutions (Simonyan and Zisserman, 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import layers
from fastcnn.applications._network import Weights, feature_model, image_input
from fastcnn.layers.base.validation import positive_int
from fastcnn.messages import suggesting
from fastcnn.models import Model

__all__ = ["VGG11", "VGG16"]

_FILTERS = (64, 128, 256, 512, 512)


@suggesting
def VGG11(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "vgg11",
) -> Model:
    """VGG-11: 133 million parameters, 7.6 billion multiply-adds at 224x224.

    Arguments as :func:`VGG16`.
    """
    return _vgg(
        "VGG11", (1, 1, 2, 2, 2), include_top, weights, input_tensor, input_shape, pooling,
        classes, classifier_activation, name,
    )  # fmt: skip


@suggesting
def VGG16(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "vgg16",
) -> Model:
    """VGG-16: 138 million parameters, 15.5 billion multiply-adds at 224x224.

    As in Keras there is no dropout; add it to the last dense layers to train from the beginning.

    Args:
        include_top: Whether the three dense layers are part of it; they fix the size of images.
        weights: None for new weights, or a file of ``save_weights`` or ``save``.
        input_tensor: What :func:`fastcnn.Input` returned, instead of ``input_shape``.
        input_shape: Height, width, channels; None for (224, 224, 3), without dense layers for any
            height and width.
        pooling: Without dense layers: None for the last image, ``"avg"`` or ``"max"`` over it.
        classes: Outputs of the last layer.
        classifier_activation: Activation of the last layer; None for logits.
        name: Name of the model.

    Returns:
        A model of images ``(batch, height, width, channels)``, float32.

    Raises:
        ValueError: An argument is not as above; images must have at least 32 x 32 pixels.

    Example:
        >>> VGG16(include_top=False, input_shape=(64, 64, 3)).output_shape
        (None, 2, 2, 512)
    """
    return _vgg(
        "VGG16", (2, 2, 3, 3, 3), include_top, weights, input_tensor, input_shape, pooling,
        classes, classifier_activation, name,
    )  # fmt: skip


def _vgg(
    owner: str,
    depths: Sequence[int],
    include_top: bool,
    weights: Weights,
    input_tensor: Any,
    input_shape: Sequence[int | None] | None,
    pooling: str | None,
    classes: int,
    activation: Any,
    name: str,
) -> Model:
    inputs = image_input(owner, input_tensor, input_shape, (224, 224, 3), 32, include_top)
    x: Any = inputs
    for block, (depth, filters) in enumerate(zip(depths, _FILTERS, strict=True), start=1):
        for number in range(1, depth + 1):
            x = layers.Conv2D(
                filters,
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                name=f"block{block}_conv{number}",
            )(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    top = None
    if include_top:
        units = positive_int(classes, "classes", owner)
        top = layers.Flatten(name="flatten")(x)
        top = layers.Dense(4096, activation="relu", name="fc1")(top)
        top = layers.Dense(4096, activation="relu", name="fc2")(top)
        top = layers.Dense(units, activation=activation, name="predictions")(top)
    return feature_model(owner, inputs, x, top, pooling, weights, name)
