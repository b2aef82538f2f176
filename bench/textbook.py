"""The textbook CNN for 32x32 images, written once for both libraries that speak Keras."""

from __future__ import annotations

from typing import Any


def textbook(keras: Any) -> Any:
    """Conv 32-64-128, Dense 128, softmax over ten classes, from ``keras`` or ``fastcnn.keras``."""
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
