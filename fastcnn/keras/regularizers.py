"""Regularizers under Keras' module path: see :mod:`fastcnn.regularizers`."""

from fastcnn.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer, get

l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
]
