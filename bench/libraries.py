"""Loads fastcnn or Keras, which have the same interface."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["KERAS_LIKE", "load_keras", "version"]

KERAS_LIKE = ("fastcnn", "keras")


def load_keras(library: str, threads: int | None = None) -> Any:
    """Return the module with Keras' names, ``fastcnn.keras`` or ``keras`` on TensorFlow.

    Args:
        library: ``"fastcnn"`` or ``"keras"``.
        threads: How many threads an operation may use; by default the library decides.
    """
    if library == "fastcnn":
        from fastcnn import keras as ours
        from fastcnn import runtime

        if threads is not None:
            runtime.set_num_threads(threads)
        return ours
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    if threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    return keras


def version(library: str) -> str:
    """Return the version, for Keras with that of its backend."""
    if library == "fastcnn":
        from fastcnn import __version__

        return __version__
    import keras
    import tensorflow as tf

    return f"{keras.__version__}+tf{tf.__version__}"
