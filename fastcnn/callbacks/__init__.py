"""Hooks into training, with Keras' names and arguments."""

from fastcnn.callbacks.backup import BackupAndRestore
from fastcnn.callbacks.csv_logger import CSVLogger
from fastcnn.callbacks.learning_rate_scheduler import LearningRateScheduler
from fastcnn.callbacks.live_curves import LiveCurves
from fastcnn.callbacks.monitors import EarlyStopping, ModelCheckpoint
from fastcnn.callbacks.plateau import ReduceLROnPlateau
from fastcnn.callbacks.swap_ema import SwapEMAWeights
from fastcnn.callbacks.tensorboard import TensorBoard
from fastcnn.callbacks.terminate_on_nan import TerminateOnNaN
from fastcnn.training.callback import Callback, CallbackList, History, LambdaCallback

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
