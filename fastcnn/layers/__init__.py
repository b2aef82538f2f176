"""Layers with Keras' names, arguments and defaults."""

from fastcnn.layers.activation import Activation, ReLU, Softmax
from fastcnn.layers.convolution import Conv1D, Conv2D, Conv3D
from fastcnn.layers.dense import Dense
from fastcnn.layers.depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from fastcnn.layers.input import Input, InputLayer
from fastcnn.layers.layer import Layer
from fastcnn.layers.merging import Add, Concatenate
from fastcnn.layers.normalization import BatchNormalization
from fastcnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
from fastcnn.layers.preprocessing import Rescaling
from fastcnn.layers.regularization import Dropout
from fastcnn.layers.shaping import Flatten, Reshape
from fastcnn.layers.transposed import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose

__all__ = [
    "Activation",
    "Add",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
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
    "SeparableConv1D",
    "SeparableConv2D",
    "Softmax",
]
