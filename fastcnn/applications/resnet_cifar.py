"""Residual networks for images of 32x32 pixels (He et al., 2016, section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import layers, ops
from fastcnn.applications._network import (
    Weights,
    conv_norm,
    feature_model,
    image_input,
    predictions,
)
from fastcnn.messages import suggesting
from fastcnn.models import Model

__all__ = ["ResNet20", "ResNet32", "ResNet44", "ResNet56"]


@suggesting
def ResNet20(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "resnet20",
) -> Model:
    """ResNet-20 for CIFAR: 0.27 million parameters, 41 million multiply-adds.

    Three stages of 16, 32 and 64 channels; shortcuts have no weights: where a stage begins they
    take every second pixel and add channels of zeros (the paper's option A).

    Args:
        include_top: Whether the classifier is part of it.
        weights: None for new weights, or a file of ``save_weights`` or ``save``.
        input_tensor: What :func:`fastcnn.Input` returned, instead of ``input_shape``.
        input_shape: Height, width, channels; None for (32, 32, 3), without classifier for any
            height and width.
        pooling: Without classifier: None for the last image, ``"avg"`` or ``"max"`` over it.
        classes: Outputs of the classifier.
        classifier_activation: Activation of the classifier; None for logits.
        name: Name of the model.

    Returns:
        A model of images ``(batch, height, width, channels)``, float32.

    Raises:
        ValueError: An argument is not as above; images must have at least 8 x 8 pixels.

    Example:
        >>> ResNet20().output_shape
        (None, 10)
    """
    return _resnet(
        "ResNet20", 3, include_top, weights, input_tensor, input_shape, pooling, classes,
        classifier_activation, name,
    )  # fmt: skip


@suggesting
def ResNet32(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "resnet32",
) -> Model:
    """ResNet-32 for CIFAR: 0.46 million parameters. Arguments as :func:`ResNet20`."""
    return _resnet(
        "ResNet32", 5, include_top, weights, input_tensor, input_shape, pooling, classes,
        classifier_activation, name,
    )  # fmt: skip


@suggesting
def ResNet44(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "resnet44",
) -> Model:
    """ResNet-44 for CIFAR: 0.66 million parameters. Arguments as :func:`ResNet20`."""
    return _resnet(
        "ResNet44", 7, include_top, weights, input_tensor, input_shape, pooling, classes,
        classifier_activation, name,
    )  # fmt: skip


@suggesting
def ResNet56(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "resnet56",
) -> Model:
    """ResNet-56 for CIFAR: 0.85 million parameters. Arguments as :func:`ResNet20`."""
    return _resnet(
        "ResNet56", 9, include_top, weights, input_tensor, input_shape, pooling, classes,
        classifier_activation, name,
    )  # fmt: skip


def _resnet(
    owner: str,
    depth: int,
    include_top: bool,
    weights: Weights,
    input_tensor: Any,
    input_shape: Sequence[int | None] | None,
    pooling: str | None,
    classes: int,
    activation: Any,
    name: str,
) -> Model:
    inputs = image_input(owner, input_tensor, input_shape, (32, 32, 3), 8, include_top)
    x = conv_norm(inputs, 16, 3, name="conv1_conv", norm_name="conv1_bn")
    x = layers.ReLU(name="conv1_relu")(x)
    for stage, filters in enumerate((16, 32, 64)):
        for number in range(depth):
            strides = 2 if stage > 0 and number == 0 else 1
            x = _block(x, filters, strides, f"conv{stage + 2}_block{number + 1}")
    top = predictions(owner, x, classes, activation) if include_top else None
    return feature_model(owner, inputs, x, top, pooling, weights, name)


def _block(x: Any, filters: int, strides: int, name: str) -> Any:
    shortcut = x
    if strides > 1:
        shortcut = layers.MaxPooling2D(1, strides, name=f"{name}_0_pool")(x)
        more = filters - x.shape[-1]
        sides = ((0, 0), (0, 0), (0, 0), (more // 2, more - more // 2))
        shortcut = ops.pad(shortcut, sides)
    x = conv_norm(x, filters, 3, strides, name=f"{name}_1_conv", norm_name=f"{name}_1_bn")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    x = conv_norm(x, filters, 3, name=f"{name}_2_conv", norm_name=f"{name}_2_bn")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_out")(x)
