"""``fastcnn evaluate``: how often a model is right, class by class."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastcnn.cli import options
from fastcnn.messages import command_text

__all__ = ["add_parser", "report"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand to ``fastcnn``."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a model on a data set or a folder of pictures",
        description="Prints loss and accuracy of a model, and for each class how often it was "
        "right and what it was mistaken for.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument("model", type=Path, metavar="MODEL", help="model file")
    parser.add_argument("data", metavar="DATA", help=options.DATA_HELP)
    parser.add_argument(
        "--part",
        choices=["test", "train"],
        default="test",
        help="part of a data set, or of a folder that holds train and test; another folder is "
        "taken whole (default: %(default)s)",
    )
    options.add_skip_unreadable(parser)
    options.add_threads(parser)


def _run(arguments: argparse.Namespace) -> int:
    from fastcnn import runtime
    from fastcnn.cli.data import load, part_of, relabel
    from fastcnn.cli.model import Classifier
    from fastcnn.datasets.image_dataset import ImageDataset

    if arguments.threads:
        runtime.set_num_threads(arguments.threads)
    classifier = Classifier.load(arguments.model)
    data = load(
        part_of(arguments.data, arguments.part),
        image_size=classifier.image_size,
        channels=classifier.channels,
        skip_unreadable=arguments.skip_unreadable,
    )
    chosen = data.train if arguments.part == "train" or not len(data.held_out) else data.held_out
    images = relabel(chosen, data.class_names, classifier.class_names)
    if data.report:
        print(command_text(data.report), file=sys.stderr)
    if isinstance(images.x, ImageDataset):
        parts = [(classifier.probabilities(x), y) for x, y in images.x.batches(0)]
        probabilities, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
    else:
        probabilities, labels = classifier.probabilities(images.x), images.y
    for line in report(probabilities, labels, classifier.class_names):
        print(line)
    return 0


def report(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], class_names: Sequence[str]
) -> Iterator[str]:
    """The lines that ``fastcnn evaluate`` prints.

    Args:
        probabilities: ``(count, classes)``.
        labels: ``(count,)``, the right classes.
        class_names: A name for each class.
    """
    answers = probabilities.argmax(axis=1)
    right = answers == labels
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    loss = -np.log(np.maximum(given, 1e-7)).mean()
    yield f"accuracy {right.mean():.4f} ({right.sum()} of {len(right)}), loss {loss:.4f}"
    width = max(len("class"), *(len(name) for name in class_names))
    yield f"{'class':{width}}  images  accuracy  mistaken for"
    for number, name in enumerate(class_names):
        here = labels == number
        if not here.any():
            continue
        mistakes = np.bincount(answers[here & ~right], minlength=len(class_names))
        worst = np.argsort(-mistakes, kind="stable")[:3]
        named = ", ".join(f"{class_names[i]} ({mistakes[i]})" for i in worst if mistakes[i])
        yield f"{name:{width}}  {here.sum():6}  {right[here].mean():8.4f}  {named}".rstrip()
