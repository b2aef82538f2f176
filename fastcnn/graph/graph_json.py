"""A graph as text, and back: JSON data, with the values of its variables beside it as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn import _core
from fastcnn.graph.graph import Graph
from fastcnn.graph.tensor import OPS, Node, Op, Spec, Tensor, VariableLike, placeholder
from fastcnn.graph.variable import Variable, values_of
from fastcnn.messages import brief

__all__ = ["from_json", "to_json"]

_VERSION = 1
#: The core's limit for the axes of an array.
_MOST_AXES = 8


def to_json(graph: Graph) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Describes a graph.

    Values are numbered: first the inputs, then the variables that are read, then what the nodes
    make, in order; a node names its inputs by number. Types are told of inputs and variables alone:
    all others follow.

    Returns:
        Data that ``json.dumps`` takes, and the values of the variables by the names that the data
        calls them: their own, with a number behind where two share one.

    Raises:
        ValueError: An operation whose settings are not among its node's attributes.
    """
    numbers: dict[tuple[Node, int], int] = {}

    def number(node: Node, index: int = 0) -> None:
        numbers[node, index] = len(numbers)

    nodes = graph.nodes()
    for tensor in graph.inputs:
        number(tensor.node)
    variables: dict[VariableLike, str] = {}
    for node in nodes:
        if node.op is None and node.variable is not None:
            _name(node.variable, variables)
            number(node)
    for node in nodes:
        for variable in node.targets:
            _name(variable, variables)
    entries = []
    for node in nodes:
        if node.op is None:
            continue
        make = OPS.get(node.op.name)
        if make is None or type(make()) is not type(node.op):
            raise ValueError(
                f"to_json: {node.op.name} keeps settings outside the graph; take gradients first, "
                "then leave out what carries a gradient of its own (pass drop_custom_gradients)"
            )
        entry: dict[str, Any] = {
            "op": node.op.name,
            "inputs": [numbers[tensor.node, tensor.index] for tensor in node.inputs],
        }
        if node.attrs:
            entry["attrs"] = {name: _listed(value) for name, value in node.attrs.items()}
        if node.targets:
            entry["targets"] = [variables[variable] for variable in node.targets]
        if node.origin:
            entry["origin"] = list(node.origin)
        entries.append(entry)
        for index in range(node.outputs):
            number(node, index)
    reads = [node for node in nodes if node.op is None and node.variable is not None]
    description = {
        "version": _VERSION,
        "inputs": [
            {"name": t.node.name, "shape": list(t.shape), "dtype": t.spec.dtype}
            for t in graph.inputs
        ],
        "variables": [
            {"name": name, "shape": list(v.shape), "dtype": v.dtype.name}
            for v, name in variables.items()
        ],
        "reads": [variables[node.variable] for node in reads if node.variable is not None],
        "nodes": entries,
        "outputs": [numbers[t.node, t.index] for t in graph.outputs],
        "updates": [numbers[t.node, t.index] for t in graph.updates],
    }
    own = [variable for variable in variables if isinstance(variable, Variable)]
    values = dict(zip((variables[v] for v in own), values_of(own), strict=True))
    return description, values


def from_json(description: Mapping[str, Any], values: Mapping[str, npt.NDArray[Any]]) -> Graph:
    """The graph of :func:`to_json`, with variables of its own.

    Args:
        description: Data as ``json.loads`` returns it; what it says is checked, so it may come from
            anywhere.
        values: Values of the variables by name.

    Raises:
        ValueError: The description is damaged, names an operation that there is not, or a value is
            missing or of another type; says where.
    """
    reader = _Reader(values)
    try:
        return reader.graph(description)
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        # Rules of operations read attributes that a damaged description may lack.
        text = f"{type(error).__name__}: {error}"
        raise ValueError(f"from_json: {reader.place}: {text[:200]}") from error
    except ValueError as error:
        raise ValueError(f"from_json: {reader.place}: {error}") from error


class _Reader:
    """Builds a graph and knows where it is, for messages."""

    def __init__(self, values: Mapping[str, npt.NDArray[Any]]) -> None:
        self.place = "the description"
        self._arrays = values
        self._tensors: list[Tensor] = []
        self._variables: dict[str, Variable] = {}

    def graph(self, description: Mapping[str, Any]) -> Graph:
        if not isinstance(description, Mapping) or description.get("version") != _VERSION:
            raise ValueError(f"expected a graph of version {_VERSION}")
        inputs = []
        for count, entry in enumerate(description["inputs"]):
            self.place = f"input {count}"
            spec = _spec(entry)
            inputs.append(placeholder(spec.shape, spec.dtype, _text(entry["name"])))
        self._tensors += inputs
        for entry in description["variables"]:
            self.place = f"variable {brief(entry['name'])}"
            self._add_variable(entry)
        for name in description["reads"]:
            self.place = f"read of {brief(name)}"
            self._tensors.append(self._variables[_text(name)].tensor)
        for count, entry in enumerate(description["nodes"]):
            self.place = f"node {count} ({brief(entry['op'])})"
            self._add_node(entry)
        self.place = "outputs"
        outputs = [self._tensor(number) for number in description["outputs"]]
        self.place = "updates"
        updates = [self._tensor(number) for number in description["updates"]]
        graph = Graph(tuple(inputs), tuple(outputs), tuple(updates))
        graph.nodes()
        return graph

    def _add_variable(self, entry: Mapping[str, Any]) -> None:
        name, spec = _text(entry["name"]), _spec(entry)
        if name in self._variables:
            raise ValueError("there are two of this name")
        if name not in self._arrays:
            raise ValueError("its value is missing")
        value = self._arrays[name]
        if value.shape != spec.shape or value.dtype != np.dtype(spec.dtype):
            raise ValueError(
                f"its value is {value.dtype} of shape {value.shape}, the graph expects "
                f"{spec.dtype} of shape {spec.shape}"
            )
        self._variables[name] = Variable(value, name=name)

    def _add_node(self, entry: Mapping[str, Any]) -> None:
        name = _text(entry["op"])
        if name not in OPS:
            raise ValueError("there is no such operation")
        op: Op = OPS[name]()
        inputs = tuple(self._tensor(number) for number in entry["inputs"])
        attrs = {_text(key): _tupled(value) for key, value in entry.get("attrs", {}).items()}
        specs = op.infer(*(tensor.spec for tensor in inputs), **attrs)
        for spec in specs:
            _check_shape(spec.shape)
        if op.view and specs[0].bytes != inputs[0].spec.bytes:
            raise ValueError(f"a view of {inputs[0].shape} cannot have the shape {specs[0].shape}")
        targets = tuple(self._variables[_text(target)] for target in entry.get("targets", ()))
        written = [Spec(target.shape, target.dtype.name) for target in targets]
        if targets and written != list(specs):
            raise ValueError(f"it makes {specs} and cannot write {written}")
        origin = tuple(_text(path) for path in entry.get("origin", ()))
        node = Node(op, inputs, attrs, targets, outputs=len(specs), origin=origin)
        self._tensors += node.tensors(*specs)

    def _tensor(self, number: Any) -> Tensor:
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError(f"expected the number of a value, got {brief(number)}")
        if not 0 <= number < len(self._tensors):
            raise ValueError(f"there is no value {number} before it")
        return self._tensors[number]


def _name(variable: VariableLike, names: dict[VariableLike, str]) -> None:
    """Gives a variable a name that no other one has."""
    if variable in names:
        return
    taken = set(names.values())
    name, count = variable.name, 1
    while name in taken:
        name, count = f"{variable.name}_{count}", count + 1
    names[variable] = name


def _spec(entry: Mapping[str, Any]) -> Spec:
    shape = entry["shape"]
    if not isinstance(shape, Sequence) or isinstance(shape, str):
        raise ValueError(f"shape must be a list of sizes, got {brief(shape)}")
    _check_shape(shape)
    if entry["dtype"] not in _core.dtypes():
        raise ValueError(f"dtype {brief(entry['dtype'])} is none of {', '.join(_core.dtypes())}")
    return Spec(tuple(shape), _text(entry["dtype"]))


def _check_shape(shape: Sequence[Any]) -> None:
    if len(shape) > _MOST_AXES or any(
        isinstance(size, bool) or not isinstance(size, int) or size < 0 for size in shape
    ):
        raise ValueError(f"expected at most {_MOST_AXES} sizes from 0 on, got {brief(shape)}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {brief(value)}")
    return value


def _listed(value: Any) -> Any:
    return [_listed(each) for each in value] if isinstance(value, tuple | list) else value


def _tupled(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tupled(each) for each in value)
    if isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"an attribute must be a bool, number, string or list, got {brief(value)}")
