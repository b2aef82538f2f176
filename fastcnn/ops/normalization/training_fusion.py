"""Batch normalisation in training with what surrounds it: each pass over memory counts, for the
convolutions of mobile networks are light.
"""

from __future__ import annotations

from collections import defaultdict

from fastcnn.graph.graph import Graph
from fastcnn.graph.passes import graph_pass, rewrite
from fastcnn.graph.tensor import Node, Op, Tensor
from fastcnn.ops.elementwise.activation import Relu6Grad, ReluGrad
from fastcnn.ops.elementwise.arithmetic import Add
from fastcnn.ops.normalization.batch import (
    NORM_ACTIVATIONS,
    BatchNormalization,
    BatchNormalizationInputGrad,
    BatchNormalizationSums,
    BatchNormalizationTraining,
)

__all__ = ["fuse_batch_norm", "gate_batch_norm_gradient", "recompute_normalized"]

#: Values of fewer bytes are kept until the gradient needs them: they are in a cache.
_RECOMPUTED_BYTES = 1 << 20

_GATES: dict[type[Op], str] = {ReluGrad: "relu", Relu6Grad: "relu6"}

Key = tuple[Node, int]


def _readers_of(graph: Graph) -> dict[Key, list[Node | None]]:
    """Who reads each value; None for the caller of the graph."""
    readers: dict[Key, list[Node | None]] = defaultdict(list)
    for node in graph.nodes():
        for tensor in node.inputs:
            readers[tensor.node, tensor.index].append(node)
    for tensor in graph.outputs:
        readers[tensor.node, tensor.index].append(None)
    return readers


@graph_pass
def fuse_batch_norm(graph: Graph) -> Graph:
    """A residual and a ReLU after a batch normalisation are part of the pass over memory that
    normalises.
    """
    readers = _readers_of(graph)
    order = {node: place for place, node in enumerate(graph.nodes())}
    # By normalisation: the sum and the activation after it, of which there may be none.
    plans: dict[Node, tuple[Node | None, Node | None]] = {}
    last_of: dict[Node, Node] = {}
    for node in order:
        if not isinstance(node.op, BatchNormalizationTraining) or node in plans:
            continue
        reader = _only(readers[node, 0])
        addition = activation = None
        if reader is not None and isinstance(reader.op, Add):
            other = _residual_of(reader, node)
            if other is not None and order[other.node] < order[node]:
                addition, reader = reader, _only(readers[reader, 0])
            else:
                continue
        if reader is not None and reader.op and reader.op.epilogue_activation in NORM_ACTIVATIONS:
            activation = reader
        if addition or activation:
            plans[node] = addition, activation
            last_of.update({member: node for member in (addition, activation) if member})

    now: dict[Key, Tensor] = {}

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if node in last_of:
            return (now[last_of[node], 0],)
        if node not in plans:
            return None
        addition, activation = plans[node]
        attrs = dict(node.attrs)
        members = [node]
        if addition is not None:
            residual = _residual_of(addition, node)
            assert residual is not None
            inputs = (*inputs, now.get((residual.node, residual.index), residual))
            attrs["residual"] = True
            members.append(addition)
        if activation is not None:
            assert activation.op is not None
            attrs["activation"] = activation.op.epilogue_activation
            members.append(activation)
        op = node.op
        assert op is not None
        made = Node.fusing(members, op, inputs, attrs, outputs=node.outputs)
        return made.tensors(*op.infer(*(t.spec for t in inputs), **attrs))

    return rewrite(graph, rule, now)


@graph_pass
def gate_batch_norm_gradient(graph: Graph) -> Graph:
    """The gradient of a ReLU after a batch normalisation is no pass of its own.

    The normalisation's gradients let nothing through where the normalised number, which they
    compute again, was cut off.
    """
    readers = _readers_of(graph)
    gated: set[Node] = set()
    for node in graph.nodes():
        source = _gate_source(node)
        if source is not None and all(_is_gradient_of(source, r, node) for r in readers[node, 0]):
            gated.add(node)

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        sums = isinstance(node.op, BatchNormalizationSums)
        if not sums and not isinstance(node.op, BatchNormalizationInputGrad):
            return None
        gate = node.inputs[1].node
        if gate not in gated:
            return None
        # The gate itself has been visited: its inputs are the current ones.
        now = inputs[1].node
        _, gamma, beta = now.inputs[0].node.inputs[:3]
        more = (gamma, beta) if sums else (beta,)
        inputs = (inputs[0], now.inputs[1], *inputs[2:], *more)
        attrs = {**node.attrs, "activation": _GATES[type(now.op)] if now.op else "none"}
        op = node.op
        assert op is not None
        made = Node.fusing([gate, node], op, inputs, attrs, outputs=node.outputs)
        return made.tensors(*op.infer(*(t.spec for t in inputs), **attrs))

    return rewrite(graph, rule) if gated else graph


@graph_pass
def recompute_normalized(graph: Graph) -> Graph:
    """What a batch normalisation stores, gradients compute again from its input, which they need in
    any case; so it need not be kept from the forward part to the backward part (Chen et al., 2016,
    "Training deep nets with sublinear memory cost").
    """
    nodes = graph.nodes()
    order = {node: place for place, node in enumerate(nodes)}
    sums = [node for node in nodes if isinstance(node.op, BatchNormalizationSums)]
    if not sums:
        return graph
    backward = order[sums[0]]
    differentiated = {node.inputs[2].node for node in sums}

    def recomputed(tensor: Tensor) -> bool:
        source = tensor.node
        return (
            source in differentiated
            and isinstance(source.op, BatchNormalizationTraining)
            and tensor.index == 0
            and not source.attrs.get("residual")
            and tensor.spec.bytes >= _RECOMPUTED_BYTES
            and order[source] < backward
        )

    again: dict[Key, Tensor] = {}

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if order[node] < backward or not any(map(recomputed, node.inputs)):
            return None
        assert node.op is not None
        late = []
        for old, new in zip(node.inputs, inputs, strict=True):
            if not recomputed(old):
                late.append(new)
                continue
            key = (new.node, new.index)
            if key not in again:
                x, gamma, beta = new.node.inputs[:3]
                mean, variance = (Tensor(gamma.spec, new.node, index) for index in (1, 2))
                made = Node(
                    BatchNormalization(),
                    (x, gamma, beta, mean, variance),
                    new.node.attrs,
                    origin=new.node.origin,
                )
                again[key] = made.tensors(new.spec)[0]
            late.append(again[key])
        copy = Node(
            node.op,
            tuple(late),
            node.attrs,
            node.targets,
            name=node.name,
            outputs=node.outputs,
            origin=node.origin,
            fused=node.fused,
        )
        return copy.tensors(*node.op.infer(*(t.spec for t in late), **node.attrs))

    return rewrite(graph, rule)


def _only(readers: list[Node | None]) -> Node | None:
    """The one node that reads a value, if it is one."""
    return readers[0] if len(readers) == 1 else None


def _residual_of(addition: Node, norm: Node) -> Tensor | None:
    """What an addition adds to the result of a normalisation, if it is as large."""
    a, b = addition.inputs
    other = b if a.node is norm else a
    return other if a.spec == b.spec and other.node is not norm else None


def _gate_source(node: Node) -> Node | None:
    """The normalisation that has in its epilogue the activation whose gradient this is."""
    activation = _GATES.get(type(node.op)) if node.op else None
    if activation is None:
        return None
    y = node.inputs[0]
    source = y.node
    fits = (
        isinstance(source.op, BatchNormalizationTraining)
        and y.index == 0
        and source.attrs.get("activation") == activation
        and not source.attrs.get("residual")
    )
    return source if fits else None


def _is_gradient_of(source: Node, reader: Node | None, gate: Node) -> bool:
    """Whether a reader of the gated gradient is a gradient of this normalisation, and reads it only
    as that.
    """
    if reader is None or not isinstance(
        reader.op, BatchNormalizationSums | BatchNormalizationInputGrad
    ):
        return False
    statistics = reader.inputs[2 if isinstance(reader.op, BatchNormalizationSums) else 3]
    x = source.inputs[0]
    return (
        statistics.node is source
        and statistics.index == 1
        and (reader.inputs[0].node, reader.inputs[0].index) == (x.node, x.index)
        and reader.inputs[1].node is gate
        and sum(tensor.node is gate for tensor in reader.inputs) == 1
        and "activation" not in reader.attrs
    )
