"""The least time that a machine needs for some work."""

from __future__ import annotations

from dataclasses import dataclass

from fastcnn.bench.limits import Limits

__all__ = ["Floor", "Work", "floor"]


@dataclass(frozen=True)
class Work:
    """What has to be done, however it is done.

    Attributes:
        flops: Multiplications and additions; 0 where the bytes are the work.
        read, written: Bytes of the inputs and outputs, each counted once.
        again: Bytes that are needed a second time, after all have been read once.
    """

    flops: int
    read: int
    written: int
    again: int = 0

    @property
    def bytes(self) -> int:
        """All that is moved once."""
        return self.read + self.written


@dataclass(frozen=True)
class Floor:
    """The least time and what sets it.

    Attributes:
        seconds: The time.
        kind: ``compute`` (FLOPs over the peak), ``compute + stores`` (the same and then the
            output past the caches, where those cannot hold it), or the level of memory that holds
            the data and whose bandwidth is the limit: ``L1``, ``L2``, ``L3``, ``memory``.
    """

    seconds: float
    kind: str


def floor(work: Work, limits: Limits, peak: float) -> Floor:
    """The floor of some work.

    Args:
        work: FLOPs and bytes.
        limits: Of as many threads as do the work.
        peak: GFLOP/s of multiply-adds, measured beside it.
    """
    level = limits.level(work.bytes)
    moved = move_seconds(work, limits, level)
    if not work.flops:
        return Floor(moved, level)
    compute = work.flops / peak / 1e9
    kind = "compute"
    if level == "memory" and limits.level(work.written) == "memory":
        compute += work.written / limits.fastest("write", work.bytes) / 1e9
        kind = "compute + stores"
    return Floor(compute, kind) if compute >= moved else Floor(moved, level)


def move_seconds(work: Work, limits: Limits, level: str) -> float:
    """Bytes over bandwidth: as much as possible copied, the rest read or written alone."""
    read = work.read + (work.again if level == "memory" else 0)
    both = min(read, work.written)
    size = work.bytes
    return 1e-9 * (
        2 * both / limits.fastest("copy", size)
        + (read - both) / limits.rate("read", size)
        + (work.written - both) / limits.fastest("write", size)
    )
