"""The network that ``fastcnn train`` builds."""

from __future__ import annotations

from collections.abc import Sequence

from fastcnn import layers
from fastcnn.models import Sequential

__all__ = ["textbook"]

_KERNEL, _POOL = 3, 2


def textbook(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    filters: Sequence[int],
    dense: int,
    dropout: float,
) -> Sequential:
    """The CNN of the textbooks: 3x3 convolutions and 2x2 max-pooling, then dense layers.

    Takes uint8 images; the first layer scales them to [0, 1], so a saved model needs no other
    preprocessing than the size of its input.

    Args:
        image_shape: Height, width, channels.
        classes: Number of classes.
        filters: Filters of each convolution.
        dense: Units of the hidden dense layer.
        dropout: Rate of dropout before the last layer; 0 for none.

    Returns:
        A model whose output is a probability for each class.

    Raises:
        ValueError: The images are too small for so many convolutions.
    """
    extent = least = min(image_shape[:2])
    for number in range(1, len(filters) + 1):
        extent = (extent - _KERNEL + 1) // _POOL
        if extent < 1:
            raise ValueError(
                f"images of {least} pixels are too small for {len(filters)} convolutions with "
                f"pooling: nothing is left after number {number}. Give fewer --filters or a larger "
                "--image-size"
            )
    stack: list[layers.Layer] = [layers.Rescaling(1 / 255, input_shape=image_shape)]
    for width in filters:
        stack += [layers.Conv2D(width, _KERNEL, activation="relu"), layers.MaxPooling2D(_POOL)]
    stack += [layers.Flatten(), layers.Dense(dense, activation="relu")]
    if dropout:
        stack.append(layers.Dropout(dropout))
    return Sequential([*stack, layers.Dense(classes, activation="softmax")])
