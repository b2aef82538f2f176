"""Data sets under Keras' module path: see :mod:`fastcnn.datasets`."""

from fastcnn.datasets import cifar10, digits

__all__ = ["cifar10", "digits"]
