"""Residual networks for photographs (He et al., 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import layers
from fastcnn.applications._network import (
    Weights,
    conv_norm,
    feature_model,
    image_input,
    predictions,
)
from fastcnn.messages import suggesting
from fastcnn.models import Model

__all__ = ["ResNet18", "ResNet18CIFAR", "ResNet34", "ResNet50"]


@suggesting
def ResNet18(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet18",
) -> Model:
    """ResNet-18: 11.7 million parameters, 1.8 billion multiply-adds at 224x224.

    Computes what torchvision's network does; layers are named as in Keras' ResNets.

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
        >>> ResNet18(include_top=False, pooling="avg").output_shape
        (None, 512)
    """
    return _resnet(
        "ResNet18", _basic_block, (2, 2, 2, 2), 1, include_top, weights, input_tensor, input_shape,
        pooling, classes, classifier_activation, name,
    )  # fmt: skip


@suggesting
def ResNet34(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet34",
) -> Model:
    """ResNet-34: 21.8 million parameters, 3.7 billion multiply-adds at 224x224.

    Arguments as :func:`ResNet18`.
    """
    return _resnet(
        "ResNet34", _basic_block, (3, 4, 6, 3), 1, include_top, weights, input_tensor, input_shape,
        pooling, classes, classifier_activation, name,
    )  # fmt: skip


@suggesting
def ResNet50(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet50",
) -> Model:
    """ResNet-50: 25.6 million parameters, 4.1 billion multiply-adds at 224x224.

    Computes what torchvision's network does ("version 1.5"): the stride of a stage is in its first
    3x3 convolution and convolutions have no biases, both unlike Keras' ResNet50. Arguments as
    :func:`ResNet18`.
    """
    return _resnet(
        "ResNet50", _bottleneck_block, (3, 4, 6, 3), 4, include_top, weights, input_tensor,
        input_shape, pooling, classes, classifier_activation, name,
    )  # fmt: skip


@suggesting
def ResNet18CIFAR(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "resnet18_cifar",
) -> Model:
    """ResNet-18 for images of 32x32 pixels: 11.2 million parameters, 0.56 billion multiply-adds.

    It begins with a 3x3 convolution and without pooling, so that the four stages see 32, 16, 8 and
    4 pixels. Arguments as :func:`ResNet18`, for images of at least 8 x 8 pixels, by default
    (32, 32, 3).
    """
    return _resnet(
        "ResNet18CIFAR", _basic_block, (2, 2, 2, 2), 1, include_top, weights, input_tensor,
        input_shape, pooling, classes, classifier_activation, name, small=True,
    )  # fmt: skip


def _resnet(
    owner: str,
    block: Any,
    depths: Sequence[int],
    expansion: int,
    include_top: bool,
    weights: Weights,
    input_tensor: Any,
    input_shape: Sequence[int | None] | None,
    pooling: str | None,
    classes: int,
    activation: Any,
    name: str,
    *,
    small: bool = False,
) -> Model:
    size, least = (32, 8) if small else (224, 32)
    inputs = image_input(owner, input_tensor, input_shape, (size, size, 3), least, include_top)
    x = conv_norm(
        inputs, 64, 3 if small else 7, 1 if small else 2, name="conv1_conv", norm_name="conv1_bn"
    )
    x = layers.ReLU(name="conv1_relu")(x)
    if not small:
        x = layers.MaxPooling2D(3, 2, padding=1, name="pool1_pool")(x)
    for stage, depth in enumerate(depths):
        for number in range(depth):
            strides = 2 if stage > 0 and number == 0 else 1
            x = block(x, 64 << stage, strides, expansion, f"conv{stage + 2}_block{number + 1}")
    top = predictions(owner, x, classes, activation) if include_top else None
    return feature_model(owner, inputs, x, top, pooling, weights, name)


def _shortcut(x: Any, filters: int, strides: int, name: str) -> Any:
    """``x`` itself, or brought to the shape of the branch by a 1x1 convolution."""
    if strides == 1 and x.shape[-1] == filters:
        return x
    return conv_norm(x, filters, 1, strides, name=f"{name}_0_conv", norm_name=f"{name}_0_bn")


def _basic_block(x: Any, filters: int, strides: int, expansion: int, name: str) -> Any:
    shortcut = _shortcut(x, filters * expansion, strides, name)
    x = conv_norm(x, filters, 3, strides, name=f"{name}_1_conv", norm_name=f"{name}_1_bn")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    x = conv_norm(x, filters, 3, name=f"{name}_2_conv", norm_name=f"{name}_2_bn")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_out")(x)


def _bottleneck_block(x: Any, filters: int, strides: int, expansion: int, name: str) -> Any:
    shortcut = _shortcut(x, filters * expansion, strides, name)
    x = conv_norm(x, filters, 1, name=f"{name}_1_conv", norm_name=f"{name}_1_bn")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    x = conv_norm(x, filters, 3, strides, name=f"{name}_2_conv", norm_name=f"{name}_2_bn")
    x = layers.ReLU(name=f"{name}_2_relu")(x)
    x = conv_norm(x, filters * expansion, 1, name=f"{name}_3_conv", norm_name=f"{name}_3_bn")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_out")(x)
