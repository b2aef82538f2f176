"""The public path of :class:`Variable`; :mod:`fastcnn.graph.variable` has the code."""

from fastcnn.graph.variable import Variable

__all__ = ["Variable"]
