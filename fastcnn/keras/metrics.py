"""Metrics under Keras' module path: see :mod:`fastcnn.metrics`."""

from __future__ import annotations

from fastcnn import metrics
from fastcnn.metrics import *  # noqa: F403
from fastcnn.metrics import __all__ as names

# Functions of losses by the short names that tensorflow.keras has besides.
KLD = metrics.kl_divergence
MAE = metrics.mean_absolute_error
MAPE = metrics.mean_absolute_percentage_error
MSE = metrics.mean_squared_error
MSLE = metrics.mean_squared_logarithmic_error
kld = metrics.kl_divergence
kullback_leibler_divergence = metrics.kl_divergence
logcosh = metrics.log_cosh
mae = metrics.mean_absolute_error
mape = metrics.mean_absolute_percentage_error
mse = metrics.mean_squared_error
msle = metrics.mean_squared_logarithmic_error

__all__ = [
    *names,
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "kld",
    "kullback_leibler_divergence",
    "logcosh",
    "mae",
    "mape",
    "mse",
    "msle",
]
