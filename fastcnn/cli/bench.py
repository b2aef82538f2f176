"""``fastcnn bench``: operations against the machine's limits, NumPy and other libraries."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.cli import options

if TYPE_CHECKING:
    from fastcnn.bench.operations import Case

__all__ = ["add_parser"]

_PEERS = ("numpy", "torch", "onednn", "onnxruntime")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand to ``fastcnn``."""
    parser = commands.add_parser(
        "bench",
        help="measure operations against the machine's limits, NumPy and other libraries",
        description="Measures how fast operations are: the share of what the machine could do at "
        "best, and how NumPy, PyTorch, oneDNN and ONNX Runtime do on the same data.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True, help="what to do")
    _add_limits(actions)
    _add_run(actions)
    _add_compare(actions)
    _add_table(actions)
    _add_picture(actions)


def _add_limits(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "limits",
        help="show what this machine can do at best",
        description="Measures multiply-adds a second by data type, and the bandwidth of every "
        "level of memory.",
    )
    parser.set_defaults(run=_limits)
    _add_machine_options(parser)


def _add_machine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads",
        type=options.count,
        nargs="+",
        metavar="N",
        help="numbers of threads to measure with (default: all cores)",
    )
    parser.add_argument(
        "--isa",
        nargs="+",
        metavar="NAME",
        help="instruction sets to measure; `fastcnn info` lists them (default: the best)",
    )


def _add_run(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "run",
        help="measure operations on the shapes of real networks, or on yours",
        description="Checks every answer, then runs all candidates by turns and prints the "
        "median time, the rate, the share of the roofline bound and the speed-up over each "
        "peer, a row for each shape.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument(
        "suites",
        nargs="*",
        metavar="SUITE",
        help="names of suites, or shape files of your own (default: table, unless --shape is "
        "given); --list shows them",
    )
    which = parser.add_argument_group("what to measure")
    which.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="LINE",
        help="a shape instead of a file: 'conv2d x=1x56x56x64 kernel=3x3x64x64 padding=same'",
    )
    which.add_argument("--list", action="store_true", help="list the suites and operations")
    which.add_argument("--op", nargs="+", metavar="NAME", help="only these operations")
    which.add_argument("--only", metavar="TEXT", help="only lines whose text contains this")
    which.add_argument(
        "--direction",
        nargs="+",
        metavar="NAME",
        help="forward, backward, input_gradient or filter_gradient, where an operation has them "
        "(default: what the line says, else forward)",
    )
    which.add_argument(
        "--batch", type=options.count, nargs="+", metavar="N", help="images, in place of the line's"
    )
    which.add_argument(
        "--algorithm",
        choices=["auto", "direct", "winograd", "winograd_2x2", "winograd_4x4"],
        metavar="NAME",
        help="how convolutions are computed: auto, direct, winograd, winograd_2x2 or winograd_4x4; "
        "lines that it cannot compute are left out (default: what the line says, else auto)",
    )
    _add_machine_options(parser)
    parser.add_argument(
        "--against",
        nargs="+",
        choices=[*_PEERS, "none"],
        metavar="PEER",
        help="numpy, torch, onednn, onnxruntime or none (default: those that are installed)",
    )
    parser.add_argument(
        "--seconds",
        type=options.positive,
        default=0.15,
        metavar="S",
        help="what each candidate gets for a row (default: %(default)s)",
    )
    files = parser.add_argument_group("files")
    files.add_argument("-o", "--output", type=Path, metavar="FILE", help="JSON lines to write")
    files.add_argument(
        "--picture", type=Path, metavar="FILE", help="picture to draw at the end, such as bench.png"
    )
    files.add_argument("--overwrite", action="store_true", help="replace the file")
    files.add_argument("--resume", action="store_true", help="add the rows that the file lacks")


def _add_table(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "table",
        help="print results as a Markdown table",
        description="Prints the rows of a file of results as a Markdown table, with the share of "
        "the best peer beside ours.",
    )
    parser.set_defaults(run=_table)
    parser.add_argument("results", type=Path, metavar="FILE", help="from `bench run --output`")


def _add_picture(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "picture",
        help="draw results: a bar for each shape against its roofline bound",
        description="Draws a file of results: a bar for each shape against what the machine could "
        'do at best, with a mark for each peer. Needs pip install "fastcnn[plot]".',
    )
    parser.set_defaults(run=_picture)
    parser.add_argument("results", type=Path, metavar="FILE", help="from `bench run --output`")
    parser.add_argument("picture", type=Path, metavar="PICTURE", help="such as bench.png, or .svg")


def _add_compare(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "compare",
        help="name what changed between two results by more than they scatter",
        description="Compares the rows that two files of results have in common, each against the "
        "machine's limits of its own time, and names those that differ by more than both scatter, "
        "the largest loss first.",
    )
    parser.set_defaults(run=_compare)
    parser.add_argument("old", type=Path, metavar="OLD", help="from `bench run --output`")
    parser.add_argument("new", type=Path, metavar="NEW", help="from `bench run --output`, later")
    parser.add_argument("--all", action="store_true", help="list the rows that did not change too")
    parser.add_argument(
        "--fail-on-regression",
        action="store_true",
        help="end with status 1 if a row became slower",
    )


def _limits(arguments: argparse.Namespace) -> int:
    from fastcnn import runtime
    from fastcnn.bench.limits_table import measure
    from fastcnn.bench.table import limit_lines

    before = runtime.isa()
    try:
        for isa in arguments.isa or [before]:
            runtime.set_isa(isa)
            for threads in arguments.threads or [runtime.num_threads()]:
                for line in limit_lines(isa, measure(threads, seconds=0.1)):
                    print(line)
    finally:
        runtime.set_isa(before)
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from fastcnn import runtime
    from fastcnn.bench import plot
    from fastcnn.bench.results import read
    from fastcnn.bench.runner import Plan, Session
    from fastcnn.bench.table import Lines

    if arguments.list:
        return _list()
    output = arguments.output
    if output and output.exists() and not (arguments.overwrite or arguments.resume):
        raise ValueError(
            f"{output} is already there; give another --output, --overwrite or --resume"
        )
    isas = arguments.isa or [runtime.isa()]
    for isa in isas:
        if isa not in runtime.available_isas():
            raise ValueError(
                f"--isa {isa} is not available here; choose from "
                + ", ".join(runtime.available_isas())
            )
    plan = Plan(
        _cases(arguments),
        isas,
        arguments.threads or [runtime.num_threads()],
        [peer for peer in arguments.against or _PEERS if peer != "none"],
        arguments.seconds,
        output,
        arguments.resume,
    )
    if arguments.picture:
        if output is None:
            raise ValueError("--picture needs --output FILE, where the results are kept")
        plot.check(arguments.picture)
    session = Session(plan)
    show = _Progress(plan.rows())
    show("starting peers, measuring limits")
    with session.started() as peers:
        show.clear()
        for name, reason in peers.missing.items():
            if arguments.against:
                print(f"# {name} takes no part: {reason}", file=sys.stderr)
        names = [name for name in peers.names if name not in peers.missing]
        width = max(len(f"{case.op} {case.name or case.text}") for case in plan.cases)
        lines = Lines(width, len(isas) > 1, names)
        print(lines.head(), flush=True)
        try:
            for row in session.run(peers, show):
                show.clear()
                print(lines.row(row), flush=True)
                for name, reason in row.get("refused", {}).items():
                    print(f"# {name} was left out: {reason}", file=sys.stderr)
        finally:
            show.clear()
            if arguments.picture and session.finished:
                found = read(output)
                plot.draw(found.machine, found.rows, arguments.picture)
    for message in session.wrong:
        print(f"fastcnn: error: wrong answer: {message}", file=sys.stderr)
    return 1 if session.wrong else 0


def _list() -> int:
    from fastcnn.bench.operations import OPERATIONS
    from fastcnn.bench.shape_files import load, suites

    for suite in suites():
        print(f"{suite:14} {len(load(suite)):3} lines")
    for name, operation in sorted(OPERATIONS.items()):
        settings = " ".join(operation.settings)
        print(f"{name}: {', '.join(operation.directions)}; {settings}")
    return 0


def _cases(arguments: argparse.Namespace) -> list[Case]:
    """The lines that were chosen, each with its directions.

    Raises:
        ValueError: There are none, or an option does not fit.
    """
    from dataclasses import replace

    from fastcnn.bench.operations import OPERATIONS
    from fastcnn.bench.shape_files import load, parse, with_settings

    suites = arguments.suites or ([] if arguments.shape else ["table"])
    cases = [case for suite in suites for case in load(suite)]
    cases += [parse(line) for line in arguments.shape]
    _known("--op", arguments.op or [], OPERATIONS)
    _known("--direction", arguments.direction or [], _directions())
    chosen: dict[tuple[Case, tuple[str, ...]], Case] = {}
    for case in cases:
        operation = OPERATIONS[case.op]
        if arguments.op and case.op not in arguments.op:
            continue
        if arguments.only and arguments.only not in f"{case} {case.name}":
            continue
        wanted = arguments.direction or case.directions or ("forward",)
        directions = tuple(d for d in wanted if d in operation.directions)
        if not directions:
            continue
        if arguments.algorithm and "algorithm" in operation.settings:
            try:
                case = with_settings(case, algorithm=arguments.algorithm)
            except ValueError:
                continue
        batches: Sequence[int | None] = arguments.batch or [None]
        for batch in batches if operation.batched else [None]:
            sized = case if batch is None else with_settings(case, x=(batch, *case["x"][1:]))
            chosen.setdefault((sized, directions), replace(sized, directions=directions))
    if not chosen:
        raise ValueError(
            "no line is left to measure; give fewer of --op, --only, --direction and --algorithm"
        )
    return list(chosen.values())


def _directions() -> set[str]:
    from fastcnn.bench.operations import OPERATIONS

    return {name for operation in OPERATIONS.values() for name in operation.directions}


def _known(option: str, given: Sequence[str], names: Any) -> None:
    for name in given:
        if name not in names:
            raise ValueError(
                f"{option} {name} is not known; choose from {', '.join(sorted(names))}"
            )


def _table(arguments: argparse.Namespace) -> int:
    from fastcnn.bench.results import read
    from fastcnn.bench.table import markdown

    for line in markdown(read(arguments.results).rows):
        print(line)
    return 0


def _picture(arguments: argparse.Namespace) -> int:
    from fastcnn.bench.plot import draw
    from fastcnn.bench.results import read

    found = read(arguments.results)
    draw(found.machine, found.rows, arguments.picture)
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from fastcnn.bench.compare import lines, machines_differ, regressed
    from fastcnn.bench.results import read

    old, new = read(arguments.old), read(arguments.new)
    different = machines_differ(old.machine, new.machine)
    if different:
        print(f"fastcnn: warning: two machines, {different}", file=sys.stderr)
    for line in lines(old.rows, new.rows, everything=arguments.all):
        print(line)
    return 1 if arguments.fail_on_regression and regressed(old.rows, new.rows) else 0


class _Progress:
    """A line on a terminal about what is measured; nothing elsewhere."""

    def __init__(self, rows: int) -> None:
        self.rows, self.done = rows, -1
        self.begin = time.monotonic()
        self.shown = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self.shown:
            print(f"\r\033[K{text}"[:200], end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Removes the line."""
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
