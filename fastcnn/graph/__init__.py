"""Graphs of operations: building, differentiating and compiling them."""

from fastcnn.graph.autodiff import gradients
from fastcnn.graph.function import Function, compile
from fastcnn.graph.tensor import Node, Op, Spec, SymbolicTensor, Tensor, placeholder
from fastcnn.graph.trace_mode import is_recording, recording
from fastcnn.graph.variable import constant

__all__ = [
    "Function",
    "Node",
    "Op",
    "Spec",
    "SymbolicTensor",
    "Tensor",
    "compile",
    "constant",
    "gradients",
    "is_recording",
    "placeholder",
    "recording",
]
