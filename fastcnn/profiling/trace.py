"""A profile in the Trace Event Format, for Perfetto (ui.perfetto.dev) and Chrome's about:tracing.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastcnn.atomic_file import replacing, write_at
from fastcnn.paths import AnyPath
from fastcnn.profiling.groups import origin_name
from fastcnn.profiling.record import PACKING, Event, ProfileRow

__all__ = ["write_trace"]

#: All threads belong to one process.
_PROCESS = 1


def write_trace(
    rows: Sequence[ProfileRow], events: Sequence[Event], title: str, path: AnyPath
) -> None:
    """Writes what each thread did when; see :meth:`Profile.save_trace`."""
    threads = sorted({event.thread for event in events})
    items = [
        _named("process_name", 0, title),
        *(_named("thread_name", thread, f"thread {thread}") for thread in threads),
        *(_item(event, rows[event.instruction], title) for event in events),
    ]
    content = json.dumps({"traceEvents": items, "displayTimeUnit": "ms"}).encode()
    with replacing(path, len(content)) as handle:
        write_at(handle, content, 0)


def _named(kind: str, thread: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": _PROCESS, "tid": thread, "args": {"name": name}}


def _item(event: Event, row: ProfileRow, title: str) -> dict[str, Any]:
    instruction = row.instruction
    packs = event.phase == PACKING
    name = f"{origin_name(row.origin, title)}: {row.op}" if row.origin else row.op
    return {
        "name": f"{name} (packing)" if packs else name,
        "cat": row.op,
        "ph": "X",
        "pid": _PROCESS,
        "tid": event.thread,
        "ts": 1e-3 * event.begin,
        "dur": 1e-3 * (event.end - event.begin),
        "args": {
            "layer": ", ".join(row.origin),
            "inputs": [list(shape) for shape in instruction.inputs],
            "outputs": [list(shape) for shape in instruction.outputs],
            "algorithm": instruction.algorithm,
            "fused from": list(instruction.fused),
            "instruction": event.instruction,
            "phase": "packing" if packs else event.phase,
            "items": event.items,
            "GFLOP": 1e-9 * instruction.flops,
            "GFLOP/s of all threads": row.gflops,
        },
    }
