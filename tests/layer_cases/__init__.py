"""The table of random layer configurations that are compared with Keras 3.

A row draws configurations of one layer; ``tests/facade/test_random_layers.py`` makes each of them
here and in Keras and compares shapes, outputs and gradients. A new layer adds a row to the file of
its kind, or a file with a list of rows and its name to ``ROWS`` below; the test needs no change.
"""

from layer_cases.convolution import CONVOLUTIONS
from layer_cases.core import CORE
from layer_cases.pointwise import POINTWISE
from layer_cases.pooling import POOLING
from layer_cases.row import Config, Row
from layer_cases.shaping import SHAPING

__all__ = ["ROWS", "Config", "Row"]

ROWS: list[Row] = [
    *CONVOLUTIONS,
    *CORE,
    *POINTWISE,
    *SHAPING,
    *POOLING,
]
