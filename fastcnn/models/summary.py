"""The table that ``model.summary()`` prints."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fastcnn import graph
from fastcnn.graph import Node
from fastcnn.graph.autodiff import ancestors
from fastcnn.graph.variable import Variable
from fastcnn.layers import Layer
from fastcnn.layers.base.keras_tensor import Call
from fastcnn.layers.base.trace_context import tracing
from fastcnn.models.call_graph import CallGraph
from fastcnn.models.layer_order import layer_of
from fastcnn.training.protocols import CompiledModel
from fastcnn.tree import flatten

__all__ = ["multiplications", "print_summary"]


class SummarizedModel(CompiledModel, Protocol):
    """A :class:`~fastcnn.models.model.Model`, as its table sees it."""

    @property
    def graph(self) -> CallGraph | None:
        """The calls; ``None`` while they are not known."""

    @property
    def layers(self) -> list[Layer]:
        """The layers, in Keras' order."""

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The Variables that an optimizer leaves alone."""


@dataclass
class TableRow:
    """One line of the table. ``None`` where a number depends on open sizes."""

    name: str
    shape: str
    params: str
    macs: int | None
    bytes: int | None
    trainable: str = ""
    sources: str = ""


def multiplications(nodes: Iterable[Node]) -> int:
    """Multiply-adds of the convolutions and matrix products among nodes of an op graph."""
    return sum(
        node.op.macs(*(tensor.spec for tensor in node.inputs), **node.attrs)
        for node in nodes
        if node.op is not None
    )


def print_summary(
    model: SummarizedModel,
    line_length: int | None,
    print_fn: Callable[[str], Any],
    expand_nested: bool,
    show_trainable: bool,
) -> None:
    """Print the table of a model; arguments as :meth:`Model.summary`."""
    to_terminal = print_fn is print
    if line_length is None and to_terminal and (sys.stdout.isatty() or "COLUMNS" in os.environ):
        line_length = -shutil.get_terminal_size().columns  # at most
    rows = list(_rows(model, expand_nested))
    macs = [row.macs for row in rows if not row.name.startswith(" ")]
    columns = [
        ("Layer (type)", [row.name for row in rows], False),
        ("Output Shape", [row.shape for row in rows], False),
        ("Param #", [row.params for row in rows], True),
        ("MACs", [_number(row.macs) for row in rows], True),
        ("Bytes", [_number(row.bytes) for row in rows], True),
    ]
    if show_trainable:
        columns.append(("Trainable", [row.trainable for row in rows], False))
    if any(row.sources for row in rows):
        columns.append(("Connected to", [row.sources for row in rows], False))
    lines = [f'Model: "{model.name}"', *_table(columns, line_length)]
    trainable = model.trainable_weights
    total = model.weights
    lines.append(f" Total params: {_size(total)}")
    lines.append(f" Trainable params: {_size(trainable)}")
    lines.append(f" Non-trainable params: {_size(model.non_trainable_weights)}")
    if model.optimizer is not None:
        slots = [slot for weight in trainable for slot in model.optimizer.existing_slots(weight)]
        if slots:
            lines.append(f" Optimizer params: {_size(slots)}")
    if macs and None not in macs:
        lines.append(f" Multiply-adds per example: {sum(n or 0 for n in macs):,}")
    if not model.built:
        lines.append(" The model is not built yet: call it on data, or give it an Input")
    text = "\n".join(lines)
    print_fn(_plain(text) if to_terminal and not _can_show(text) else text)


#: What stands for the lines of a table where they cannot be shown.
_ASCII = str.maketrans({**dict.fromkeys("━─", "-"), **dict.fromkeys("┃│", "|"),
                        **dict.fromkeys("┏┳┓┡╇┩├┼┤└┴┘", "+"), "…": "."})  # fmt: skip


def _can_show(text: str) -> bool:
    """Whether standard output has all characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _plain(text: str) -> str:
    """The table in ASCII; other characters, as in names, as Python escapes them."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode()


def _rows(model: SummarizedModel, expand_nested: bool) -> Iterable[TableRow]:
    if model.graph is None:
        for part in model.layers:
            params = f"{part.count_params():,}" if part.built else "? (unbuilt)"
            yield TableRow(_title(part), "?", params, None, None, _mark(part))
        return
    macs = _macs_by_call(model)
    chain = all(
        call.inputs == [before]
        for call, before in zip(model.graph.calls, _chain(model), strict=True)
    )
    counted: set[int] = set()
    for tensor in model.graph.inputs:
        if tensor.origin is not None and tensor.origin in model.layers:
            size = _bytes([tensor])
            yield TableRow(_title(tensor.origin), str(tensor.shape), "0", 0, size, "-")
    for call in model.graph.calls:
        outputs = flatten(call.outputs)
        shape = ", ".join(str(output.shape) for output in outputs)
        sources = "" if chain else ", ".join(_source(tensor) for tensor in call.inputs)
        layer = layer_of(call)
        if layer is None:
            title, params, mark = f"{call.name} (operation)", "0", "-"
        else:
            title, mark = _title(layer), _mark(layer)
            params = "shared" if id(layer) in counted else f"{layer.count_params():,}"
            counted.add(id(layer))
        yield TableRow(title, shape, params, macs.get(id(call)), _bytes(outputs), mark, sources)
        nested = getattr(layer, "graph", None)
        if expand_nested and nested is not None:
            for row in _rows(layer, True):  # type: ignore[arg-type]
                row.name = f"  └ {row.name.lstrip()}"
                row.sources = ""
                yield row


def _chain(model: SummarizedModel) -> list[Any]:
    """What each call would take if the model were a plain chain."""
    assert model.graph is not None
    before = [flatten(call.outputs)[0] for call in model.graph.calls]
    return [model.graph.inputs[0], *before[:-1]] if before else []


def _macs_by_call(model: SummarizedModel) -> dict[int, int]:
    """Multiply-adds of each call for one example; nothing where sizes are open."""
    assert model.graph is not None
    if any(None in tensor.shape[1:] for tensor in model.graph.inputs):
        return {}
    inputs = [
        graph.placeholder((1, *(int(size or 1) for size in tensor.shape[1:])), tensor.dtype)
        for tensor in model.graph.inputs
    ]
    seen: set[Node] = set()
    macs: dict[int, int] = {}

    def watch(call: Call, values: dict[int, Any]) -> None:
        nodes = set(ancestors([values[id(output)] for output in flatten(call.outputs)])) - seen
        macs[id(call)] = multiplications(nodes)
        seen.update(nodes)

    with tracing(training=False):
        model.graph.run(inputs, watch)
    return macs


def _title(layer: Layer) -> str:
    return f"{layer.name} ({type(layer).__name__})"


def _mark(layer: Layer) -> str:
    if not layer.weights:
        return "-"
    return "Y" if layer.trainable_weights else "N"


def _source(tensor: Any) -> str:
    return str(tensor.name if tensor.call is None else tensor.call.name)


def _bytes(outputs: list[Any]) -> int | None:
    if any(None in output.shape[1:] for output in outputs):
        return None
    sizes = (math.prod(output.shape[1:]) * output.dtype.itemsize for output in outputs)
    return int(sum(sizes))


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _size(weights: list[Variable]) -> str:
    count = sum(math.prod(weight.shape) for weight in weights)
    size = float(sum(math.prod(w.shape) * np.dtype(w.dtype).itemsize for w in weights))
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{count:,} ({size:.2f} {unit})"


def _table(columns: list[tuple[str, list[str], bool]], line_length: int | None) -> list[str]:
    """Box-drawn lines in the style of Keras. The last flag of a column aligns it to the right.

    A ``line_length`` is the most there is: the last columns are left out and the first one's texts
    cut, where they do not fit. A positive one also widens the first column to fill it.
    """
    widths = [max(len(text) for text in [title, *cells]) for title, cells, _ in columns]
    spare = (line_length or 0) - sum(widths) - 3 * len(widths) - 1
    widths[0] += max(spare, 0)
    if line_length is not None:
        most = abs(line_length)
        while len(widths) > 3 and sum(widths) + 3 * len(widths) + 1 > most:
            columns, widths = columns[:-1], widths[:-1]
        over = sum(widths) + 3 * len(widths) + 1 - most
        if over > 0:
            widths[0] = max(widths[0] - over, len("Layer"))
            title, cells, to_right = columns[0]
            cut = [_shortened(cell, widths[0]) for cell in cells]
            columns = [(_shortened(title, widths[0]), cut, to_right), *columns[1:]]

    def line(left: str, fill: str, middle: str, right: str) -> str:
        return left + middle.join(fill * (width + 2) for width in widths) + right

    def row(cells: list[str], bar: str) -> str:
        texts = []
        for (_, _, to_right), cell, width in zip(columns, cells, widths, strict=True):
            texts.append(cell.rjust(width) if to_right else cell.ljust(width))
        return f"{bar} " + f" {bar} ".join(texts) + f" {bar}"

    lines = [line("┏", "━", "┳", "┓"), row([c[0] for c in columns], "┃"), line("┡", "━", "╇", "┩")]
    count = len(columns[0][1])
    for index in range(count):
        lines.append(row([cells[index] for _, cells, _ in columns], "│"))
        if index + 1 < count:
            lines.append(line("├", "─", "┼", "┤"))
    return [*lines, line("└", "─", "┴", "┘")]


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
