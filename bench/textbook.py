"""The textbook CNN for 32x32 images, for fastcnn and Keras alike."""

from __future__ import annotations

from typing import Any


def textbook(keras: Any) -> Any:
    """Build Conv 32-64-128, Dense 128 and softmax over ten classes.

    Args:
        keras: ``keras`` or ``fastcnn.keras``.
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
