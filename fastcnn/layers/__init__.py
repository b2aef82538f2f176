"""Layers with Keras' names, arguments and defaults."""

from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.registry import register_layers
from fastcnn.layers.convolutional.conv_transpose import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
)
from fastcnn.layers.convolutional.convolution import Conv1D, Conv2D, Conv3D
from fastcnn.layers.convolutional.depthwise import DepthwiseConv1D, DepthwiseConv2D
from fastcnn.layers.convolutional.separable import SeparableConv1D, SeparableConv2D
from fastcnn.layers.core.activation import (
    ELU,
    Activation,
    LeakyReLU,
    PReLU,
    ReLU,
    Softmax,
)
from fastcnn.layers.core.dense import Dense
from fastcnn.layers.core.identity_lambda import (
    Identity,
    Lambda,
)
from fastcnn.layers.core.input import Input, InputLayer
from fastcnn.layers.normalization.batch import (
    BatchNormalization,
)
from fastcnn.layers.normalization.layer_scale import LayerScale
from fastcnn.layers.normalization.per_example import (
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from fastcnn.layers.pooling.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from fastcnn.layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from fastcnn.layers.pooling.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from fastcnn.layers.preprocessing.normalization import (
    Normalization,
)
from fastcnn.layers.preprocessing.rescaling import Rescaling
from fastcnn.layers.preprocessing.resizing import (
    CenterCrop,
    Resizing,
)
from fastcnn.layers.regularization.activity import ActivityRegularization
from fastcnn.layers.regularization.dropout import (
    Dropout,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from fastcnn.layers.regularization.noise import AlphaDropout, GaussianDropout, GaussianNoise
from fastcnn.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from fastcnn.layers.reshaping.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from fastcnn.layers.reshaping.padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from fastcnn.layers.reshaping.shaping import (
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
)
from fastcnn.layers.reshaping.upsampling import UpSampling1D, UpSampling2D, UpSampling3D

__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LayerScale",
    "LeakyReLU",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "Subtract",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

_exported = [globals()[name] for name in __all__]
register_layers(*(each for each in _exported if isinstance(each, type) and each is not Layer))
