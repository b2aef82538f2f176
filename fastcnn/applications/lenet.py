"""LeNet-5, the first convolutional network in wide use (LeCun et al., 1998)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import layers
from fastcnn.applications._network import Weights, feature_model, image_input
from fastcnn.layers.base.validation import positive_int
from fastcnn.messages import suggesting
from fastcnn.models import Model

__all__ = ["LeNet5"]


@suggesting
def LeNet5(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "lenet5",
) -> Model:
    """LeNet-5 for grey digits of 28x28 pixels: 61,706 parameters.

    With tanh and mean pooling; softmax takes the place of the radial basis functions, and the
    second convolution sees all channels of the first. Images of less than 32 pixels are padded by
    two on all sides, as the paper does.

    Args:
        include_top: Whether the three dense layers are part of it; they fix the size of images.
        weights: None for new weights, or a file of ``save_weights`` or ``save``.
        input_tensor: What :func:`fastcnn.Input` returned, instead of ``input_shape``.
        input_shape: Height, width, channels; None for (28, 28, 1), without dense layers for any
            height and width.
        pooling: Without dense layers: None for the last image, ``"avg"`` or ``"max"`` over it.
        classes: Outputs of the last layer.
        classifier_activation: Activation of the last layer; None for logits.
        name: Name of the model.

    Returns:
        A model of images ``(batch, height, width, channels)``, float32.

    Raises:
        ValueError: An argument is not as above; images must have at least 12 x 12 pixels.

    Example:
        >>> LeNet5().count_params()
        61706
    """
    owner = "LeNet5"
    inputs = image_input(owner, input_tensor, input_shape, (28, 28, 1), 12, include_top)
    small = any(extent is None or extent < 32 for extent in inputs.shape[1:3])
    x = layers.Conv2D(6, 5, padding=2 if small else 0, activation="tanh", name="c1")(inputs)
    x = layers.AveragePooling2D(2, name="s2")(x)
    x = layers.Conv2D(16, 5, activation="tanh", name="c3")(x)
    x = layers.AveragePooling2D(2, name="s4")(x)
    top = None
    if include_top:
        units = positive_int(classes, "classes", owner)
        top = layers.Flatten(name="flatten")(x)
        top = layers.Dense(120, activation="tanh", name="c5")(top)
        top = layers.Dense(84, activation="tanh", name="f6")(top)
        top = layers.Dense(units, activation=classifier_activation, name="predictions")(top)
    return feature_model(owner, inputs, x, top, pooling, weights, name)
