"""Every operation at the size that networks have, against NumPy: walks the table of the tests.

    python -m bench.ops
    python -m bench.ops softmax conv2d --threads 1 --isa avx2 avx512
    python -m bench.ops max_pool2d --grad

One or two rows of each operation in ``tests/op_cases`` have a benchmark. Its answer is checked
first, in full against the float64 reference within the row's own error rule; NumPy's is held to
the same reference. Then an eager call and the fastest short NumPy formulation
(``bench.numpy_ops``; some operations have none and are measured alone) take turns. Both make a new
array in each call, so both pay for its memory.

With ``--grad`` the compiled gradients with respect to all inputs follow, alone. Their norm is
checked against the reference's slope along them: a wrong gradient of large inputs shows, while its
rounding is checked on the small rows by ``tests/test_ops.py``.

Columns: median milliseconds, GB/s of inputs and outputs together (each counted once), the speed-up
over NumPy, and spreads. A spread above 0.1 says that the machine was busy: run again. The number
of threads holds for NumPy's BLAS as well; the rest of NumPy has one thread.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.harness import Lines, Timing, blas_threads, machine, race
from bench.numpy_ops import FORMULATIONS
from fastcnn import ops, runtime
from fastcnn.testing import assert_within, directional_derivative

# The table lies with the tests, which find it the same way.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from op_cases import CASES, Case
from op_cases.calls import flat, gradient_function, run

Array = np.ndarray

# NumPy's float32 answer only has to be the same function; ours has its derived bound.
SAME = 1e-3
# Of finite differences: the largest change of an element, small beside every input, and how far
# a slope may be off. Elements that meet a kink on the way change it by about the former.
STEP = 1e-6
SLOPE = 1e-3


def chosen(names: Sequence[str]) -> list[Case]:
    """The benchmarks of operations, or those of certain rows; all without names."""
    table = [case.benchmark for case in CASES if case.benchmark is not None]
    unknown = set(names) - {text for case in table for text in (case.op, str(case))}
    if unknown:
        raise SystemExit(
            f"no operation or benchmark is called {', '.join(sorted(unknown))}; there are "
            + ", ".join(str(case) for case in table)
        )
    return [case for case in table if not names or case.op in names or str(case) in names]


def forward_check(case: Case, inputs: Mapping[str, Any]) -> Callable[[], int]:
    """A check of our eager answer, which returns the answer's bytes; NumPy's is checked here."""
    exact = case.exact(inputs)
    bounds = case.error(case, inputs, exact)
    rival = FORMULATIONS.get(case.op)
    if rival is not None:
        theirs = rival(*inputs.values(), **case.attributes)
        for y, want in zip(theirs if isinstance(theirs, tuple) else (theirs,), exact):
            np.testing.assert_allclose(y, want, SAME, SAME, err_msg=f"NumPy's {case}")

    def check() -> int:
        found = run(case, inputs)
        for i, (y, want, bound) in enumerate(zip(found, exact, bounds, strict=True)):
            assert_within(y, want, bound, name=f"output {i} of {case}")
        return sum(y.nbytes for y in found)

    return check


def gradient_check(
    case: Case, inputs: Mapping[str, Any], dys: tuple[Array, ...], found: Sequence[Array]
) -> None:
    """Along a gradient the slope is its square's sum."""
    gradients = iter(found)
    for name in case.differentiable:
        value = inputs[name]
        for part, x in enumerate(value) if isinstance(value, list) else [(None, value)]:
            gradient = next(gradients).astype(np.float64)
            direction = gradient / np.max(np.abs(gradient), initial=1e-30)

            def loss(x: Array, name: str = name, part: Any = part, value: Any = value) -> float:
                new = x if part is None else [*value[:part], x, *value[part + 1 :]]
                return case.loss({**inputs, name: new}, dys)

            want = directional_derivative(loss, x, direction, step=STEP)
            got = float((gradient * direction).sum())
            if not abs(got - want) <= SLOPE * abs(want):
                raise SystemExit(f"{case}: the slope along d{name} is {got}, expected {want}")


def columns(ours: Timing, theirs: Timing | None, moved: int) -> dict[str, object]:
    return {
        "ms": ours.median * 1e3,
        "spread": ours.spread,
        "gb_s": moved / ours.median / 1e9,
        "speedup": theirs.median / ours.median if theirs else None,
        "numpy_ms": theirs.median * 1e3 if theirs else None,
        "numpy_spread": theirs.spread if theirs else None,
    }


def measure(case: Case, options: argparse.Namespace, lines: Lines) -> None:
    """Prints the rows of one benchmark. Its inputs and exact answer are made once for all."""
    inputs = case.sample()
    given = sum(a.nbytes for a in flat(inputs))
    check = forward_check(case, inputs)
    calls: dict[str, Callable[[], object]] = {
        "fastcnn": partial(getattr(ops, case.op), **inputs, **case.attributes)
    }
    if case.op in FORMULATIONS:
        calls["numpy"] = partial(FORMULATIONS[case.op], *inputs.values(), **case.attributes)
    rng = case.rng()
    with_gradient = options.grad and bool(case.differentiable)
    dys = (
        tuple(rng.standard_normal(y.shape, np.float32) for y in run(case, inputs))
        if with_gradient
        else ()
    )
    for isa in options.isa or [runtime.isa()]:
        runtime.set_isa(isa)
        made = check()
        for threads in options.threads:
            runtime.set_num_threads(threads)
            with blas_threads(threads):
                times = race(calls, turns=options.turns, seconds=options.seconds)
            lines.row(
                case=str(case), isa=isa, threads=threads, direction="forward",
                **columns(times["fastcnn"], times.get("numpy"), given + made),
            )  # fmt: skip
        if not with_gradient:
            continue
        function = gradient_function(case, inputs, dys)
        arrays = [*flat(inputs), *dys]
        found = function(*arrays)
        gradient_check(case, inputs, dys, found)
        moved = sum(a.nbytes for a in [*arrays, *found])
        for threads in options.threads:
            runtime.set_num_threads(threads)
            times = race(
                {"fastcnn": partial(function, *arrays)},
                turns=options.turns,
                seconds=options.seconds,
            )
            lines.row(
                case=str(case), isa=isa, threads=threads, direction="gradient",
                **columns(times["fastcnn"], None, moved),
            )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="operations, or rows by the name they print"
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--isa", nargs="+", help="instruction sets; default the best")
    parser.add_argument("--grad", action="store_true", help="measure gradients as well")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.04, help="length of a turn")
    Lines.add_option(parser)
    options = parser.parse_args()

    cases = chosen(options.names)
    lines = Lines(as_json=options.json, case_width=max(len(str(case)) for case in cases))
    lines.note(**machine(numpy=np.__version__))
    alone = sorted({case.op for case in cases} - set(FORMULATIONS))
    if alone:
        lines.note(**{"no comparison, for want of a short NumPy formulation": " ".join(alone)})
    for case in cases:
        measure(case, options, lines)


if __name__ == "__main__":
    main()
