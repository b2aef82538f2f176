"""What is known of an instruction before it runs, and what its threads recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["PACKING", "Event", "Instruction", "Operation", "ProfileRow"]

#: The phase of an event in which an operand was packed.
PACKING = -1


class Event(NamedTuple):
    """What one thread did for one phase of an instruction.

    Times are nanoseconds since the run began; waiting for other phases is outside.
    """

    thread: int
    instruction: int
    phase: int
    begin: int
    end: int
    items: int


class Operation(NamedTuple):
    """One operation of a graph: its name, the layer calls that it comes from, and shapes."""

    op: str
    origin: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Program: what is known before it runs.

    Attributes:
        op: Name of the operation.
        origin: Layer calls that it comes from, such as ``"model/block/conv"``; for a gradient those
            of what is differentiated.
        fused: The operations that it computes, if passes have fused several.
        inputs, outputs: Shapes.
        algorithm: By which of several algorithms; empty where there is only one.
        flops: Floating-point operations that the algorithm executes.
        bytes: Bytes that it reads and writes, each array counted once for each time that the
            algorithm goes over it.
        packed_bytes: Size of the form into which it or the Program packs an operand.
    """

    op: str
    origin: tuple[str, ...]
    fused: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]
    algorithm: str
    flops: float
    bytes: float
    packed_bytes: int = 0


@dataclass(frozen=True)
class ProfileRow:
    """One instruction in a run.

    Attributes:
        instruction: What is known of it beforehand.
        seconds: Its part of the wall clock: the time that threads worked on it, by their number.
        packing_seconds: What of that went into packing an operand.
        waiting_seconds: Time that other threads waited while it ran, by the number of threads; not
            part of ``seconds``.
        compute_seconds, memory_seconds: The least time for its FLOPs, and for its bytes, on this
            machine.
    """

    instruction: Instruction
    seconds: float
    packing_seconds: float
    waiting_seconds: float
    compute_seconds: float
    memory_seconds: float

    @property
    def op(self) -> str:
        """Name of the operation."""
        return self.instruction.op

    @property
    def origin(self) -> tuple[str, ...]:
        """Layer calls that it comes from."""
        return self.instruction.origin

    @property
    def milliseconds(self) -> float:
        """Its part of the wall clock."""
        return 1e3 * self.seconds

    @property
    def gflops(self) -> float:
        """GFLOP/s while threads worked on it."""
        return _ratio(1e-9 * self.instruction.flops, self.seconds)

    @property
    def share_of_peak(self) -> float:
        """The part of the machine's arithmetic that it used."""
        return _ratio(self.compute_seconds, self.seconds)

    @property
    def bound_seconds(self) -> float:
        """The roofline bound: no implementation of the same algorithm can take less."""
        return max(self.compute_seconds, self.memory_seconds)

    @property
    def share_of_bound(self) -> float:
        """The roofline bound over the time that it took."""
        return _ratio(self.bound_seconds, self.seconds)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else 0.0
