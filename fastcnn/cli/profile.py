"""``fastcnn profile``: where the time of a model goes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.cli import options

if TYPE_CHECKING:
    from fastcnn.models import Model

__all__ = ["add_parser"]

#: What a model that was never compiled is trained with here.
_OPTIMIZER, _LOSS = "adam", "sparse_categorical_crossentropy"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand to ``fastcnn``."""
    parser = commands.add_parser(
        "profile",
        help="show where the time of a model goes, layer by layer",
        description="Runs a model on made-up images and prints where the time goes: a line for "
        "each instruction with its layer, algorithm, time and rate, against what this machine "
        "could do at best. The model file is not changed.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="model file, or the name of a known network, such as ResNet18, which gets new weights",
    )
    parser.add_argument(
        "--batch",
        "--batch-size",
        type=options.count,
        metavar="N",
        help="images (default: 1, with --train 32)",
    )
    parser.add_argument(
        "--image-size",
        type=options.image_size,
        metavar="SIZE",
        help="for a model that takes images of any size: pixels, or HEIGHTxWIDTH",
    )
    options.add_threads(parser)
    parser.add_argument(
        "--train", action="store_true", help="a training step in place of a prediction"
    )
    parser.add_argument(
        "--runs",
        type=options.count,
        default=5,
        metavar="N",
        help="runs, of which the fastest is shown (default: %(default)s)",
    )
    parser.add_argument(
        "--by",
        choices=["instruction", "layer", "op"],
        default="instruction",
        help="a line for each instruction, or for all of a layer or of an operation "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--plan",
        action="store_true",
        help="show also the graph, what became of it, and the memory it takes",
    )
    parser.add_argument(
        "--trace", type=Path, metavar="FILE", help="write a trace for Perfetto or Chrome (JSON)"
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw the table: .png, .svg or .pdf"
    )


def _run(arguments: argparse.Namespace) -> int:
    from fastcnn import runtime
    from fastcnn.data_adapters.example_batch import example_inputs, example_labels
    from fastcnn.profiling import picture

    if arguments.picture:
        picture.check(arguments.picture)
    if arguments.threads:
        runtime.set_num_threads(arguments.threads)
    model = _model(arguments.model, compile=arguments.train)
    size = arguments.batch or (32 if arguments.train else 1)
    x = example_inputs(model, size, arguments.image_size)
    y = example_labels(model, size) if arguments.train else None
    if arguments.plan:
        print(model.explain_plan(x, y), end="\n\n")
    profile = model.profile(x, y, runs=arguments.runs)
    print(profile.table(arguments.by))
    if arguments.trace:
        profile.save_trace(arguments.trace)
        print(f"wrote {arguments.trace}: open it in https://ui.perfetto.dev")
    if arguments.picture:
        profile.plot(arguments.picture, by=arguments.by)
        print(f"wrote {arguments.picture}")
    return 0


def _model(name: str, *, compile: bool) -> Model:
    """The model of a file, or a known network, compiled if wanted."""
    from fastcnn import applications
    from fastcnn.models import load

    path = Path(name)
    known = {network.lower(): network for network in applications.__all__}
    if path.suffix == "" and not path.exists() and name.lower() in known:
        model: Model = getattr(applications, known[name.lower()])()
    elif path.suffix == "" and not path.exists():
        raise ValueError(
            f"{name!r} is neither a file nor a known network; these are "
            f"{', '.join(applications.__all__)}"
        )
    else:
        model = load(path, compile=compile)
    if compile and not model.compiled:
        model.compile(_OPTIMIZER, _LOSS)
    return model
