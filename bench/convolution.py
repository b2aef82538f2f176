"""Convolution and its gradients against NumPy and against the machine's limit.

    python -m bench.convolution
    python -m bench.convolution resnet50 vgg16 --only 3x3
    python -m bench.convolution textbook --direction input_gradient filter_gradient --isa avx2

The first runs every shape file at batch 1 and 8 with 1 and 2 threads, the second those cases of
two files whose names contain a text. Every answer is
checked first, against float64 and its own derived bound. Then fastcnn and the fastest of several
NumPy formulations (``bench.numpy_convolution``) take turns, with the measured peak of float32
multiply-adds taken before every rotation.

Columns: GFLOP/s of direct-convolution work, its share of that peak, the speed-up over NumPy,
medians in microseconds and their spread. A spread above 0.1 says that the machine was busy: run
again. The number of threads holds for NumPy's BLAS as well.

Both sides fill one array again and again. Forward, the filters are a Variable, as in a layer, whose
packed form is kept between calls as long as nobody writes it; ``--fresh-filters`` gives them as an
array, to be packed in every call, as it is in training. Gradients always take arrays.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench import numpy_convolution
from bench.harness import Lines, blas_threads, machine, peak, race
from bench.layer_shapes import SHAPES, ConvolutionShape, convolutions
from fastcnn import Variable, graph, ops, runtime

FILES = ("textbook", "vgg16", "resnet50", "mobilenetv2")


def program(
    direction: str, shape: ConvolutionShape, kernel: np.ndarray | None
) -> Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], None]:
    """One direction as a compiled graph: takes the arrays it needs and the arrays it fills.

    With ``kernel`` the filters are a Variable, as in a layer.
    """
    x = graph.placeholder(shape.x)
    filters = graph.placeholder(shape.filter) if kernel is None else Variable(kernel)
    y = ops.conv2d(x, filters, strides=shape.stride, padding=shape.padding, groups=shape.groups)
    if direction == "forward":
        return graph.compile([x, filters] if kernel is None else [x], [y]).run_into
    dy = graph.placeholder(shape.y)
    wanted, given = (x, [dy, filters]) if direction == "input_gradient" else (filters, [x, dy])
    return graph.compile(given, graph.gradients(y, [wanted], output_gradient=dy)).run_into


def arrays(direction: str, shape: ConvolutionShape) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = {
        "forward": (shape.x, shape.filter),
        "input_gradient": (shape.y, shape.filter),
        "filter_gradient": (shape.x, shape.y),
    }
    first, second = (rng.standard_normal(size, np.float32) for size in sizes[direction])
    return first, second


def check(
    got: np.ndarray, direction: str, shape: ConvolutionShape, first: np.ndarray, second: np.ndarray
) -> None:
    """A fast wrong answer is not a result."""
    want, bound = numpy_convolution.exact(direction, shape, first, second)
    worst = np.max(np.abs(got - want) - bound)
    if got.shape != want.shape or not worst <= 0:
        raise SystemExit(f"{shape.name} {direction}: the answer is wrong (bound passed by {worst})")


def measure(
    direction: str,
    shape: ConvolutionShape,
    threads: int,
    *,
    fresh: bool,
    turns: int,
    seconds: float,
) -> dict[str, object]:
    """One row of the table, on the instruction set in use."""
    first, second = arrays(direction, shape)
    kept = direction == "forward" and not fresh
    run_into = program(direction, shape, second if kept else None)
    given = [first] if kept else [first, second]
    out = [np.empty(numpy_convolution.output_of(direction, shape), np.float32)]
    run_into(given, out)
    check(out[0], direction, shape, first, second)
    formulation, rival = numpy_convolution.fastest(direction, shape, first, second)
    peaks: list[float] = []
    times = race(
        {"fastcnn": lambda: run_into(given, out), "numpy": rival},
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
        "numpy_way": formulation,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", default=FILES, help="names in bench/shapes, or paths")
    parser.add_argument("--only", default="", help="cases whose name contains this text")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--isa", nargs="+", help="instruction sets; default the best")
    parser.add_argument(
        "--direction", nargs="+", default=["forward"], choices=numpy_convolution.DIRECTIONS
    )
    parser.add_argument(
        "--fresh-filters", action="store_true", help="forward: filters as an array, not kept"
    )
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    Lines.add_option(parser)
    options = parser.parse_args()

    lines = Lines(as_json=options.json)
    lines.note(**machine(numpy=np.__version__))
    for isa in options.isa or [runtime.isa()]:
        runtime.set_isa(isa)
        for name in options.files:
            path = Path(name) if Path(name).suffix else SHAPES / f"{name}.txt"
            for batch in options.batch:
                for shape in convolutions(path, batch):
                    if options.only not in shape.name:
                        continue
                    for direction in options.direction:
                        for threads in options.threads:
                            runtime.set_num_threads(threads)
                            with blas_threads(threads):
                                row = measure(
                                    direction,
                                    shape,
                                    threads,
                                    fresh=options.fresh_filters,
                                    turns=options.turns,
                                    seconds=options.seconds,
                                )
                            lines.row(
                                case=shape.name, batch=batch, direction=direction, isa=isa,
                                threads=threads, **row,
                            )  # fmt: skip


if __name__ == "__main__":
    main()
