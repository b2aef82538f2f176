"""ConvNeXt-Tiny: a residual network after the manner of transformers (Liu et al., 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import layers
from fastcnn.applications._network import Weights, feature_model, image_input
from fastcnn.layers.base.validation import positive_int
from fastcnn.messages import suggesting
from fastcnn.models import Model

__all__ = ["ConvNeXtTiny"]

_DEPTHS = (3, 3, 9, 3)
_FILTERS = (96, 192, 384, 768)
_EPSILON = 1e-6
#: Means and variances of the channels of ImageNet's pictures, 0 to 255.
_MEAN = (123.675, 116.28, 103.53)
_VARIANCE = (58.395**2, 57.12**2, 57.375**2)
_NORMAL = {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}


@suggesting
def ConvNeXtTiny(  # noqa: N802
    include_top: bool = True,
    include_preprocessing: bool = True,
    weights: Weights = None,
    input_tensor: Any = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "convnext_tiny",
) -> Model:
    """ConvNeXt-Tiny: 28.6 million parameters, 4.5 billion multiply-adds at 224x224.

    Whole residual branches are dropped in training, the later the more often (stochastic depth, up
    to 0.1).

    Args:
        include_top: Whether the classifier is part of it.
        include_preprocessing: Whether pixels from 0 to 255 are normalized first, by the mean and
            variance of ImageNet; needs three channels.
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
        >>> ConvNeXtTiny(include_top=False, input_shape=(64, 64, 3)).output_shape
        (None, 2, 2, 768)
    """
    owner = "ConvNeXtTiny"
    inputs = image_input(owner, input_tensor, input_shape, (224, 224, 3), 32, include_top)
    x: Any = inputs
    if include_preprocessing:
        if inputs.shape[-1] != 3:
            raise ValueError(
                f"{owner}: include_preprocessing=True normalizes three channels, the images have "
                f"{inputs.shape[-1]}; pass include_preprocessing=False"
            )
        x = layers.Normalization(mean=_MEAN, variance=_VARIANCE, name="preprocessing")(x)
    block = 0
    for stage, (depth, filters) in enumerate(zip(_DEPTHS, _FILTERS, strict=True)):
        if stage == 0:
            x = _conv(x, filters, 4, f"{name}_stem_conv")
            x = _norm(x, f"{name}_stem_layernorm")
        else:
            x = _norm(x, f"{name}_downsampling_block_{stage - 1}_layernorm")
            x = _conv(x, filters, 2, f"{name}_downsampling_block_{stage - 1}_conv")
        for number in range(depth):
            rate = 0.1 * block / (sum(_DEPTHS) - 1)
            x = _block(x, filters, rate, f"{name}_stage_{stage}_block_{number}")
            block += 1
    top = None
    if include_top:
        units = positive_int(classes, "classes", owner)
        top = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        top = _norm(top, f"{name}_head_layernorm")
        top = layers.Dense(
            units, activation=classifier_activation, kernel_initializer=_NORMAL, name="predictions"
        )(top)
    return feature_model(owner, inputs, x, top, pooling, weights, name)


def _conv(x: Any, filters: int, window: int, name: str) -> Any:
    """Patches of ``window`` x ``window`` pixels that do not overlap."""
    return layers.Conv2D(filters, window, window, kernel_initializer=_NORMAL, name=name)(x)


def _norm(x: Any, name: str) -> Any:
    return layers.LayerNormalization(epsilon=_EPSILON, name=name)(x)


def _block(x: Any, filters: int, rate: float, name: str) -> Any:
    y = layers.DepthwiseConv2D(
        7, padding="same", depthwise_initializer=_NORMAL, name=f"{name}_depthwise_conv"
    )(x)
    y = _norm(y, f"{name}_layernorm")
    y = layers.Dense(4 * filters, kernel_initializer=_NORMAL, name=f"{name}_pointwise_conv_1")(y)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    y = layers.Dense(filters, kernel_initializer=_NORMAL, name=f"{name}_pointwise_conv_2")(y)
    y = layers.LayerScale(1e-6, name=f"{name}_layer_scale")(y)
    if rate:
        y = layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"{name}_stochastic_depth")(y)
    return layers.Add(name=f"{name}_add")([x, y])
