"""What becomes of a graph: the operations as traced, what each pass leaves, and the Program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastcnn.profiling.columns import Column, aligned, shape_text
from fastcnn.profiling.groups import origin_name
from fastcnn.profiling.record import Instruction, Operation

__all__ = ["Plan"]


@dataclass(frozen=True, repr=False)
class Plan:
    """How a graph is run. Printed, it is a text.

    Attributes:
        title: Name of the model.
        traced: The operations before the passes, in order.
        passes: Names of the passes that ran, each with how many operations it leaves to be computed
            in every call; others are computed once from the variables, and kept.
        instructions: What the Program runs in every call.
        barriers: How many phases of instructions have to wait for those before.
        memory: What needs memory, with its bytes.
    """

    title: str
    traced: Sequence[Operation]
    passes: Sequence[tuple[str, int]]
    instructions: Sequence[Instruction]
    barriers: int
    memory: Mapping[str, int]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.title}: {_count(len(self.traced), 'operation')} become "
                f"{_count(len(self.instructions), 'instruction')} with "
                f"{_count(self.barriers, 'wait')}",
                "",
                f"Traced: {_counts([each.op for each in self.traced])}",
                *aligned(self._operations()),
                "",
                "Passes",
                *aligned(self._passes()),
                "",
                f"Program: {_counts([each.op for each in self.instructions])}",
                *aligned(self._instructions()),
                "",
                "Memory",
                *aligned(self._memory()),
            ]
        )

    __repr__ = __str__

    def _operations(self) -> list[Column]:
        shapes = [
            f"{', '.join(map(shape_text, each.inputs))} -> "
            f"{', '.join(map(shape_text, each.outputs))}"
            for each in self.traced
        ]
        return [
            Column("layer", [origin_name(each.origin, self.title) for each in self.traced], False),
            Column("op", [each.op for each in self.traced], False),
            Column("shapes", shapes, False),
        ]

    def _passes(self) -> list[Column]:
        before = [len(self.traced), *(after for _, after in self.passes)]
        changes = [
            "" if now == then else f"{then} -> {now}"
            for then, (_, now) in zip(before, self.passes, strict=False)
        ]
        return [
            Column("pass", [name for name, _ in self.passes], False),
            Column("operations of a call", changes, False),
        ]

    def _instructions(self) -> list[Column]:
        made = self.instructions
        columns = [
            Column("layer", [origin_name(each.origin, self.title) for each in made], False),
            Column("op", [each.op for each in made], False),
            Column("output", [shape_text(each.outputs[0]) for each in made], False),
            Column("algorithm", [each.algorithm for each in made], False),
            Column("MFLOP", [f"{1e-6 * each.flops:.2f}" for each in made]),
            Column("MB moved", [f"{1e-6 * each.bytes:.2f}" for each in made]),
            Column("MB packed", [_megabytes(each.packed_bytes) for each in made]),
            Column("fused from", [" + ".join(each.fused) for each in made], False),
        ]
        return [column for column in columns if column.right or any(column.cells)]

    def _memory(self) -> list[Column]:
        return [
            Column("what", list(self.memory), False),
            Column("MB", [f"{1e-6 * size:.2f}" for size in self.memory.values()]),
        ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def _counts(ops: Sequence[str]) -> str:
    return ", ".join(f"{count} {op}" for op, count in Counter(ops).most_common())


def _megabytes(size: int) -> str:
    return f"{1e-6 * size:.2f}" if size else ""
