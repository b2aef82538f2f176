"""Matrix products against NumPy's BLAS and against the machine's limit.

    python -m bench.gemm [--only 1024] [--threads 1 2] [--isa avx2 avx512] [--transposed]

Every answer is checked first, against float64 and its derived bound. Then fastcnn and NumPy take
turns, with the measured peak of float32 multiply-adds taken before every rotation. Columns as in
``bench.convolution``. ``--transposed`` stores both operands the other way around, as the
gradients of dense layers read them.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench.harness import Lines, blas_threads, machine, peak, race
from bench.layer_shapes import SHAPES, GemmShape, products
from fastcnn import graph, ops, runtime


def program(
    shape: GemmShape, transposed: bool
) -> Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], None]:
    """The product as a compiled graph: takes both operands and the array it fills."""
    sizes = [(shape.rows, shape.inner), (shape.inner, shape.columns)]
    a, b = (graph.placeholder(size[::-1] if transposed else size) for size in sizes)
    y = ops.matmul(a, b, transpose_a=transposed, transpose_b=transposed)
    return graph.compile([a, b], [y]).run_into


def measure(
    shape: GemmShape, transposed: bool, threads: int, turns: int, seconds: float
) -> dict[str, object]:
    """One row of the table, on the instruction set in use."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((shape.rows, shape.inner), np.float32)
    b = rng.standard_normal((shape.inner, shape.columns), np.float32)
    stored = [np.ascontiguousarray(m.T) if transposed else m for m in (a, b)]
    run_into = program(shape, transposed)
    out = [np.empty((shape.rows, shape.columns), np.float32)]
    run_into(stored, out)

    # A sum of `inner` products is off by at most so many roundings of the absolute products.
    bound = (shape.inner + 1) * 2.0**-24 * (np.abs(a) @ np.abs(b).astype(np.float64))
    worst = np.max(np.abs(out[0] - a.astype(np.float64) @ b) - bound)
    if not worst <= 0:
        raise SystemExit(f"{shape.name}: the answer is wrong (bound passed by {worst})")

    theirs_out = np.empty_like(out[0])
    p, q = (m.T if transposed else m for m in stored)
    peaks: list[float] = []
    times = race(
        {
            "fastcnn": lambda: run_into(stored, out),
            "numpy": lambda: np.matmul(p, q, out=theirs_out),
        },
        turns=turns,
        seconds=seconds,
        before_round=lambda: peaks.append(peak(threads)),
    )
    ours, theirs = times["fastcnn"], times["numpy"]
    limit = statistics.median(peaks)
    rate = shape.flops / ours.median / 1e9
    return {
        "gflops": rate,
        "peak": limit,
        "share": rate / limit,
        "speedup": theirs.median / ours.median,
        "fastcnn_us": ours.median * 1e6,
        "spread": ours.spread,
        "numpy_us": theirs.median * 1e6,
        "numpy_spread": theirs.spread,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, default=SHAPES / "gemm.txt")
    parser.add_argument("--only", default="", help="cases whose name contains this text")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--isa", nargs="+", help="instruction sets; default the best")
    parser.add_argument("--transposed", action="store_true")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    Lines.add_option(parser)
    options = parser.parse_args()

    lines = Lines(as_json=options.json)
    lines.note(**machine(numpy=np.__version__))
    for isa in options.isa or [runtime.isa()]:
        runtime.set_isa(isa)
        for shape in products(options.file):
            if options.only not in shape.name:
                continue
            for threads in options.threads:
                runtime.set_num_threads(threads)
                with blas_threads(threads):
                    row = measure(
                        shape, options.transposed, threads, options.turns, options.seconds
                    )
                lines.row(case=shape.name, isa=isa, threads=threads, **row)


if __name__ == "__main__":
    main()
