"""The least time that a machine needs for some work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastcnn.bench.limits_table import Limits

__all__ = ["RooflineBound", "Work", "kinds", "roofline_bound"]


@dataclass(frozen=True)
class Work:
    """What has to be done, however it is done.

    Attributes:
        flops: Multiplications and additions; 0 where the bytes are the work.
        read, written: Bytes of the inputs and outputs, each counted once.
        again: Bytes that are needed a second time, after all have been read once. Each cache has
            kept as many as it holds, and those are read again from there.
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
class RooflineBound:
    """The least time and what sets it.

    Attributes:
        seconds: The time.
        kind: ``compute`` (FLOPs over the peak), ``compute + stores`` (the same and then the
            output with non-temporal stores, where caches cannot hold it), or the level of memory
            that holds the data and whose bandwidth is the limit: ``L1``, ``L2``, ``L3``,
            ``memory``.
    """

    seconds: float
    kind: str


def roofline_bound(
    work: Work, limits: Limits, peak: float, bandwidth: Mapping[str, float] | None = None
) -> RooflineBound:
    """The roofline bound of some work.

    Args:
        work: FLOPs and bytes.
        limits: Of as many threads as do the work.
        peak: GFLOP/s of multiply-adds, measured beside it.
        bandwidth: GB/s by kind over as many bytes, measured beside it; those of ``limits`` take
            the place of what is missing.
    """
    rates = _Rates(limits, work.bytes, bandwidth or {})
    level = limits.level(work.bytes)
    moved = _move_seconds(work, rates, level)
    if not work.flops:
        return RooflineBound(moved, level)
    compute = work.flops / peak / 1e9
    kind = "compute"
    if _leaves_caches(work, limits):
        compute += work.written / rates.fastest("write") / 1e9
        kind = "compute + stores"
    return RooflineBound(compute, kind) if compute >= moved else RooflineBound(moved, level)


def kinds(work: Work, limits: Limits) -> list[str]:
    """What bandwidth sets the bound, to be measured beside the work; nothing where FLOPs do."""
    found: list[str] = []
    if work.flops:
        about = roofline_bound(work, limits, limits.peak["float32"]).kind
        if about == "compute":
            return []
        if about == "compute + stores":
            return ["write", "stream_write"]
    read = work.read + work.again
    if min(work.read, work.written):
        found += ["copy", "stream_copy"]
    if read > work.written:
        found += ["read"]
    if work.written > read:
        found += ["write", "stream_write"]
    if limits.level(work.bytes) in ("L1", "L2"):
        # Non-temporal stores are slower than those into these caches.
        found = [kind for kind in found if not kind.startswith("stream")]
    return found


@dataclass(frozen=True)
class _Rates:
    """GB/s over so many bytes, as measured just now or before."""

    limits: Limits
    size: int
    now: Mapping[str, float]

    def rate(self, kind: str) -> float:
        return self.now.get(kind) or self.limits.rate(kind, self.size)

    def fastest(self, kind: str) -> float:
        """With ordinary stores or with non-temporal ones."""
        if kind in self.now:
            return max(self.now[kind], self.now.get(f"stream_{kind}", 0.0))
        return max(self.rate(kind), self.rate(f"stream_{kind}"))


def _leaves_caches(work: Work, limits: Limits) -> bool:
    return limits.level(work.bytes) == limits.level(work.written) == "memory"


def _move_seconds(work: Work, rates: _Rates, level: str) -> float:
    """Bytes over bandwidth: as much as possible copied, the rest read or written alone.

    A copy reads too, so reading alone is not taken as slower, which the clock may say.
    """
    both = min(work.read, work.written)
    read = work.read - both
    seconds = 2 * both / rates.fastest("copy") + (work.written - both) / rates.fastest("write")
    kept = 0
    caches = rates.limits.caches
    for held in caches if level == "memory" else caches[:-1]:
        part = min(held, work.again) - kept
        # At half its size a cache holds the data surely.
        seconds += part / rates.limits.rate("read", held // 2)
        kept += part
    read += work.again - kept
    return 1e-9 * (seconds + read / max(rates.rate("read"), rates.fastest("copy")))
