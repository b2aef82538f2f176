"""SqueezeNet 1.1: fire modules of 1x1 and 3x3 convolutions (Iandola et al., 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import layers
from fastcnn.applications._network import Weights, feature_model, image_input
from fastcnn.layers.base.validation import positive_int
from fastcnn.messages import suggesting
from fastcnn.models import Model

__all__ = ["SqueezeNet"]

#: Filters of the squeezing and of each expanding convolution; None for a pooling.
_FIRES = ((16, 64), (16, 64), None, (32, 128), (32, 128), None,
          (48, 192), (48, 192), (64, 256), (64, 256))  # fmt: skip


@suggesting
def SqueezeNet(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "squeezenet_1.1",
) -> Model:
    """SqueezeNet 1.1: 1.2 million parameters, 0.35 billion multiply-adds at 224x224.

    Computes what torchvision's network does.

    Args:
        include_top: Whether the classifier is part of it.
        weights: None for new weights, or a file of ``save_weights`` or ``save``.
        input_tensor: What :func:`fastcnn.Input` returned, instead of ``input_shape``.
        input_shape: Height, width, channels; None for (224, 224, 3), without classifier for any
            height and width.
        pooling: Without classifier: None for the last image, ``"avg"`` or ``"max"`` over it.
        classes: Outputs of the classifier.
        classifier_activation: Activation of the classifier; None for logits.
        name: Name of the model.

    Returns:
        A model of images ``(batch, height, width, channels)``, float32.

    Raises:
        ValueError: An argument is not as above; images must have at least 32 x 32 pixels.

    Example:
        >>> SqueezeNet(include_top=False, input_shape=(64, 64, 3)).output_shape
        (None, 3, 3, 512)
    """
    owner = "SqueezeNet"
    inputs = image_input(owner, input_tensor, input_shape, (224, 224, 3), 32, include_top)
    x = _conv(inputs, 64, 3, "conv1", strides=2, padding="valid")
    x = _pool(x, "pool1")
    number = 1
    for fire in _FIRES:
        if fire is None:
            x = _pool(x, f"pool{number}")
            continue
        number += 1
        squeezed = _conv(x, fire[0], 1, f"fire{number}_squeeze")
        x = layers.Concatenate(name=f"fire{number}_concat")(
            [
                _conv(squeezed, fire[1], 1, f"fire{number}_expand1x1"),
                _conv(squeezed, fire[1], 3, f"fire{number}_expand3x3"),
            ]
        )
    top = None
    if include_top:
        units = positive_int(classes, "classes", owner)
        top = layers.Dropout(0.5, name="drop9")(x)
        top = _conv(top, units, 1, "conv10")
        top = layers.GlobalAveragePooling2D(name="avg_pool")(top)
        top = layers.Activation(classifier_activation, name="predictions")(top)
    return feature_model(owner, inputs, x, top, pooling, weights, name)


def _conv(x: Any, filters: int, window: int, name: str, *, strides: int = 1,
          padding: str = "same") -> Any:  # fmt: skip
    return layers.Conv2D(
        filters, window, strides, padding, activation="relu", kernel_initializer="he_uniform",
        name=name,
    )(x)  # fmt: skip


def _pool(x: Any, name: str) -> Any:
    """Windows begin as long as they begin inside the image (``ceil_mode``): one pixel of padding
    at the end does the same.
    """
    return layers.MaxPooling2D(3, 2, padding=((0, 1), (0, 1)), name=name)(x)
