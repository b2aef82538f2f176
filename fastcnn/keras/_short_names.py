"""Functions of losses by the short names that tensorflow.keras has besides."""

from __future__ import annotations

from fastcnn import losses

KLD = losses.kl_divergence
MAE = losses.mean_absolute_error
MAPE = losses.mean_absolute_percentage_error
MSE = losses.mean_squared_error
MSLE = losses.mean_squared_logarithmic_error
kld = losses.kl_divergence
kullback_leibler_divergence = losses.kl_divergence
logcosh = losses.log_cosh
mae = losses.mean_absolute_error
mape = losses.mean_absolute_percentage_error
mse = losses.mean_squared_error
msle = losses.mean_squared_logarithmic_error

__all__ = [
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
