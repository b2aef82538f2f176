"""MobileNetV2: inverted residuals of depthwise convolutions (Sandler et al., 2018)."""

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

__all__ = ["MobileNetV2"]

#: Of each stage: how often channels are multiplied inside, filters, blocks, first stride.
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


@suggesting
def MobileNetV2(  # noqa: N802
    input_shape: Sequence[int | None] | None = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """MobileNetV2: 3.5 million parameters, 0.3 billion multiply-adds at 224x224.

    Computes what torchvision's network does: strided convolutions are padded on all sides, unlike
    those of Keras' MobileNetV2, whose layer names it has.

    Args:
        input_shape: Height, width, channels; None for (224, 224, 3), without classifier for any
            height and width.
        alpha: Factor of all numbers of channels, which are rounded to multiples of 8.
        include_top: Whether the classifier is part of it.
        weights: None for new weights, or a file of ``save_weights`` or ``save``.
        input_tensor: What :func:`fastcnn.Input` returned, instead of ``input_shape``.
        pooling: Without classifier: None for the last image, ``"avg"`` or ``"max"`` over it.
        classes: Outputs of the classifier.
        classifier_activation: Activation of the classifier; None for logits.
        name: Name of the model; None for ``"mobilenetv2_1.00_224"`` and the like.

    Returns:
        A model of images ``(batch, height, width, channels)``, float32.

    Raises:
        ValueError: An argument is not as above; images must have at least 32 x 32 pixels.

    Example:
        >>> MobileNetV2((96, 96, 3), include_top=False).output_shape
        (None, 3, 3, 1280)
    """
    owner = "MobileNetV2"
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= 8:
        raise ValueError(f"{owner}: alpha must be above 0 and at most 8, got {alpha!r}")
    inputs = image_input(owner, input_tensor, input_shape, (224, 224, 3), 32, include_top)
    x = conv_norm(inputs, _rounded(32 * alpha), 3, 2, name="Conv1", norm_name="bn_Conv1")
    x = layers.ReLU(6, name="Conv1_relu")(x)
    number = 0
    for times, filters, depth, first in _STAGES:
        for position in range(depth):
            strides = first if position == 0 else 1
            x = _block(x, _rounded(filters * alpha), strides, times, number)
            number += 1
    x = conv_norm(x, _rounded(1280 * max(1.0, alpha)), 1, name="Conv_1", norm_name="Conv_1_bn")
    x = layers.ReLU(6, name="out_relu")(x)
    top = None
    if include_top:
        top = predictions(owner, x, classes, classifier_activation, dropout=0.2)
    if name is None:
        rows = inputs.shape[1]
        name = f"mobilenetv2_{alpha:.2f}_{rows or 'any'}"
    return feature_model(owner, inputs, x, top, pooling, weights, name)


def _rounded(channels: float) -> int:
    """The nearest multiple of 8, but no less than nine tenths of ``channels``."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _block(x: Any, filters: int, strides: int, times: int, number: int) -> Any:
    channels = x.shape[-1]
    prefix = f"block_{number}" if number else "expanded_conv"
    y = x
    if times > 1:
        y = conv_norm(
            y, channels * times, 1, name=f"{prefix}_expand", norm_name=f"{prefix}_expand_BN"
        )
        y = layers.ReLU(6, name=f"{prefix}_expand_relu")(y)
    y = conv_norm(
        y,
        channels * times,
        3,
        strides,
        depthwise=True,
        name=f"{prefix}_depthwise",
        norm_name=f"{prefix}_depthwise_BN",
    )
    y = layers.ReLU(6, name=f"{prefix}_depthwise_relu")(y)
    y = conv_norm(y, filters, 1, name=f"{prefix}_project", norm_name=f"{prefix}_project_BN")
    if strides == 1 and channels == filters:
        y = layers.Add(name=f"{prefix}_add")([x, y])
    return y
