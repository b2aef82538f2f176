"""EfficientNet-Lite0: EfficientNet-B0 without squeeze-and-excitation, with ReLU6 (Tan and Le, 2019;
the Lite networks were published with TensorFlow in 2020).
"""

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

__all__ = ["EfficientNetLite0"]

#: Of each stage: window, how often channels are multiplied inside, filters, blocks, first stride.
_STAGES = (
    (3, 1, 16, 1, 1),
    (3, 6, 24, 2, 2),
    (5, 6, 40, 2, 2),
    (3, 6, 80, 3, 2),
    (5, 6, 112, 3, 1),
    (5, 6, 192, 4, 2),
    (3, 6, 320, 1, 1),
)
#: Padding and batch normalization as published.
_SAME: dict[str, Any] = {"padding": "same", "momentum": 0.99, "epsilon": 1e-3}


@suggesting
def EfficientNetLite0(  # noqa: N802
    include_top: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnet_lite0",
) -> Model:
    """EfficientNet-Lite0: 4.7 million parameters, 0.39 billion multiply-adds at 224x224.

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
        >>> EfficientNetLite0(include_top=False, input_shape=(96, 96, 3)).output_shape
        (None, 3, 3, 1280)
    """
    owner = "EfficientNetLite0"
    inputs = image_input(owner, input_tensor, input_shape, (224, 224, 3), 32, include_top)
    x = conv_norm(inputs, 32, 3, 2, name="stem_conv", norm_name="stem_bn", **_SAME)
    x = layers.ReLU(6, name="stem_relu")(x)
    for stage, (window, times, filters, depth, first) in enumerate(_STAGES, start=1):
        for position in range(depth):
            strides = first if position == 0 else 1
            x = _block(x, filters, window, strides, times, f"block{stage}{chr(97 + position)}")
    x = conv_norm(x, 1280, 1, name="top_conv", norm_name="top_bn", **_SAME)
    x = layers.ReLU(6, name="top_relu")(x)
    top = None
    if include_top:
        top = predictions(owner, x, classes, classifier_activation, dropout=0.2)
    return feature_model(owner, inputs, x, top, pooling, weights, name)


def _block(x: Any, filters: int, window: int, strides: int, times: int, name: str) -> Any:
    channels = x.shape[-1]
    y = x
    if times > 1:
        y = conv_norm(
            y, channels * times, 1, name=f"{name}_expand_conv", norm_name=f"{name}_expand_bn",
            **_SAME,
        )  # fmt: skip
        y = layers.ReLU(6, name=f"{name}_expand_relu")(y)
    y = conv_norm(
        y, channels * times, window, strides, depthwise=True, name=f"{name}_dwconv",
        norm_name=f"{name}_bn", **_SAME,
    )  # fmt: skip
    y = layers.ReLU(6, name=f"{name}_relu")(y)
    y = conv_norm(
        y, filters, 1, name=f"{name}_project_conv", norm_name=f"{name}_project_bn", **_SAME
    )
    if strides == 1 and channels == filters:
        y = layers.Add(name=f"{name}_add")([x, y])
    return y
