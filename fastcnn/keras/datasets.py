"""Data sets under Keras' module path: see :mod:`fastcnn.datasets`."""

from fastcnn.datasets import cifar10, cifar100, digits, fashion_mnist, mnist

__all__ = ["cifar10", "cifar100", "digits", "fashion_mnist", "mnist"]
