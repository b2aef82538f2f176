"""The table of random layer configurations that are compared with Keras 3.

A row draws configurations of one layer; ``tests/keras_parity/test_random_layers.py`` makes each of
them here and in Keras and compares shapes, outputs and gradients. A new layer adds a row to the
file of its kind, or a file with a list of rows and its name to ``ROWS`` below; the test needs no
change.
"""

from layers.cases.convolution import CONVOLUTIONS
from layers.cases.core import CORE
from layers.cases.pointwise import POINTWISE
from layers.cases.pooling import POOLING
from layers.cases.row import Config, Row
from layers.cases.shaping import SHAPING

__all__ = ["ROWS", "Config", "Row"]

ROWS: list[Row] = [
    *CONVOLUTIONS,
    *CORE,
    *POINTWISE,
    *SHAPING,
    *POOLING,
]
