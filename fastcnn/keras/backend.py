"""What of Keras' backend describes arithmetic and layout, which are fixed here."""

from __future__ import annotations

from typing import Any

from fastcnn.keras.utils import clear_session, is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_keras_tensor",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]


def backend() -> str:
    """The name of what computes: ``"fastcnn"``."""
    return "fastcnn"


def epsilon() -> float:
    """The number that keeps denominators and logarithms of losses from 0."""
    return 1e-7


def floatx() -> str:
    """The dtype of arithmetic: ``"float32"``."""
    return "float32"


def image_data_format() -> str:
    """Where channels lie: ``"channels_last"``."""
    return "channels_last"


def set_epsilon(value: float) -> None:
    """Accepts :func:`epsilon`.

    Raises:
        ValueError: Any other number.
    """
    _fixed("epsilon", value, epsilon())


def set_floatx(value: str) -> None:
    """Accepts :func:`floatx`.

    Raises:
        ValueError: Any other dtype.
    """
    _fixed("floatx", value, floatx())


def set_image_data_format(data_format: str) -> None:
    """Accepts :func:`image_data_format`.

    Raises:
        ValueError: Any other layout.
    """
    _fixed("image_data_format", data_format, image_data_format())


def _fixed(name: str, value: Any, only: Any) -> None:
    if value != only:
        raise ValueError(f"{name} is {only!r} here and cannot be changed, got {value!r}")
