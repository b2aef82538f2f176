"""Layers with Keras' names, arguments and defaults."""

from fastcnn.layers.activation import Activation, ReLU, Softmax
from fastcnn.layers.convolution import Conv2D
from fastcnn.layers.dense import Dense
from fastcnn.layers.input import Input, InputLayer
from fastcnn.layers.layer import Layer
from fastcnn.layers.merging import Add, Concatenate
from fastcnn.layers.normalization import BatchNormalization
from fastcnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
from fastcnn.layers.preprocessing import Rescaling
from fastcnn.layers.regularization import Dropout
from fastcnn.layers.shaping import Flatten, Reshape

__all__ = [
    "Activation",
    "Add",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "Input",
    "InputLayer",
    "Layer",
    "MaxPooling2D",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
]
