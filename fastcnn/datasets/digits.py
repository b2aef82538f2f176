"""Scanned digits: 1,797 handwritten digits that come with scikit-learn, so without a download.

The 8x8 scans of the UCI "Optical Recognition of Handwritten Digits" test set, enlarged to the
size that a network for photographs expects.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASS_NAMES", "load_data"]

CLASS_NAMES = tuple("0123456789")

_SCAN = 8  # pixels a side
_BRIGHTEST = 16  # of a scan's grey levels

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data(
    size: int = 32, *, channels: int = 1, test_fraction: float = 0.2, seed: int = 0
) -> tuple[Split, Split]:
    """Loads the digits, enlarged by bilinear interpolation and shuffled.

    Args:
        size: Height and width of the images in pixels, at least 8.
        channels: 1 for grey, 3 for the same grey in red, green and blue.
        test_fraction: Part of the images to keep for testing, from 0 to 1.
        seed: Decides the order and which images are for testing.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images ``(count, size, size, channels)`` and
        labels ``(count,)``, all uint8; 1,438 and 359 of them by default.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: An argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()
        >>> x_train.shape, y_train.shape, x_test.shape
        ((1438, 32, 32, 1), (1438,), (359, 32, 32, 1))
    """
    if size < _SCAN:
        raise ValueError(f"size must be {_SCAN} or more, the size of the scans; got {size}")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (colour), got {channels}")
    if not 0 <= test_fraction <= 1:
        raise ValueError(f"test_fraction must be between 0 and 1, got {test_fraction}")
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError(
            'the digits come with scikit-learn, which is not installed: pip install "fastcnn[demo]"'
        ) from None
    scans, labels = load_digits(return_X_y=True)
    scans = scans.reshape(-1, _SCAN, _SCAN)
    order = np.random.default_rng(seed).permutation(len(scans))
    enlarge = _bilinear(_SCAN, size) * (255 / _BRIGHTEST)
    # Rows, then columns; the scale belongs to one of them only.
    enlarged = enlarge @ scans[order] @ _bilinear(_SCAN, size).T
    x = np.repeat(np.rint(enlarged).astype(np.uint8)[..., None], channels, axis=-1)
    y = labels[order].astype(np.uint8)
    tests = round(len(x) * test_fraction)
    return (x[tests:], y[tests:]), (x[:tests], y[:tests])


def _bilinear(extent: int, target: int) -> NDArray[np.float64]:
    """The matrix ``(target, extent)`` that interpolates a line of pixels at pixel centres."""
    at = np.clip((np.arange(target) + 0.5) * extent / target - 0.5, 0, extent - 1)
    weights: NDArray[np.float64] = np.maximum(0, 1 - abs(at[:, None] - np.arange(extent)))
    return weights
