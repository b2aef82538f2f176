"""Hooks into training, with Keras' names and arguments."""

from fastcnn.callbacks.averages import SwapEMAWeights
from fastcnn.callbacks.backup import BackupAndRestore
from fastcnn.callbacks.base import Callback, CallbackList, History, LambdaCallback
from fastcnn.callbacks.curves import LiveCurves
from fastcnn.callbacks.epochs import CSVLogger, LearningRateScheduler
from fastcnn.callbacks.monitors import EarlyStopping, ModelCheckpoint
from fastcnn.callbacks.plateau import ReduceLROnPlateau
from fastcnn.callbacks.tensorboard import TensorBoard
from fastcnn.callbacks.terminate import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "LiveCurves",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
