"""Graphs of operations: building, differentiating and compiling them."""

from fastcnn.graph.autodiff import gradients
from fastcnn.graph.function import Function, compile
from fastcnn.graph.graph import Graph
from fastcnn.graph.graph_json import from_json, to_json
from fastcnn.graph.respecialization import respecialize
from fastcnn.graph.tensor import Node, Op, Spec, SymbolicTensor, Tensor, placeholder
from fastcnn.graph.trace_mode import is_recording, recording
from fastcnn.graph.variable import constant

__all__ = [
    "Function",
    "Graph",
    "Node",
    "Op",
    "Spec",
    "SymbolicTensor",
    "Tensor",
    "compile",
    "constant",
    "from_json",
    "gradients",
    "is_recording",
    "placeholder",
    "recording",
    "respecialize",
    "to_json",
]
