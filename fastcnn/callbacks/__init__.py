"""Hooks into training, with Keras' names and arguments."""

from fastcnn.callbacks.base import Callback, CallbackList, History, LambdaCallback
from fastcnn.callbacks.epochs import CSVLogger, LearningRateScheduler
from fastcnn.callbacks.monitors import EarlyStopping, ModelCheckpoint

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
]
