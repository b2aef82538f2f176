"""``fastcnn predict``: what is in these pictures."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
from numpy.typing import NDArray

from fastcnn.cli import options
from fastcnn.cli.errors import explain
from fastcnn.paths import named_errors

if TYPE_CHECKING:
    from fastcnn.cli.model import Classifier

__all__ = ["add_parser"]

_CHUNK = 64  # pictures in memory at a time
_PRINT = "-"  # --csv without a file


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand to ``fastcnn``."""
    parser = commands.add_parser(
        "predict",
        help="name what is in pictures",
        description="Prints the most probable classes of each picture. A file that cannot be read "
        "is reported on stderr and makes the exit code 1; the others are still done.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument("model", type=Path, metavar="MODEL", help="model file")
    parser.add_argument(
        "pictures",
        nargs="*",
        metavar="PICTURE",
        help="picture files, or folders, whose pictures are taken with those of all subfolders",
    )
    parser.add_argument(
        "--top",
        type=options.count,
        default=3,
        metavar="N",
        help="classes to print for each picture (default: %(default)s)",
    )
    parser.add_argument(
        "--csv",
        nargs="?",
        const=_PRINT,
        metavar="FILE",
        help="print rows of picture, rank, class, probability, or write them to a file ending in "
        ".csv",
    )
    options.add_threads(parser)


def _run(arguments: argparse.Namespace) -> int:
    from fastcnn import runtime
    from fastcnn.cli.model import Classifier

    if arguments.csv not in (None, _PRINT) and not arguments.csv.lower().endswith(".csv"):
        if not arguments.csv.lower().endswith(".safetensors"):
            arguments.parser.error(f"argument --csv: {arguments.csv} does not end in .csv")
        # The flag stood before MODEL and has taken it.
        arguments.pictures.insert(0, str(arguments.model))
        arguments.model, arguments.csv = Path(arguments.csv), _PRINT
    if not arguments.pictures:
        arguments.parser.error("the following arguments are required: PICTURE, a file or a folder")
    if arguments.threads:
        runtime.set_num_threads(arguments.threads)
    classifier = Classifier.load(arguments.model)
    paths, complete = _found(arguments.pictures)
    table = None if arguments.csv in (None, _PRINT) else Path(arguments.csv)
    if table is None:
        done = _predict(classifier, paths, arguments, sys.stdout)
    else:
        with named_errors(table), table.open("w", newline="") as file:
            done = _predict(classifier, paths, arguments, file)
        print(f"{done} pictures: {table}")
    return 0 if complete and done == len(paths) else 1


def _predict(
    classifier: Classifier, paths: Sequence[str], arguments: argparse.Namespace, file: TextIO
) -> int:
    """Prints or writes the classes of all pictures; how many could be read."""
    rows = csv.writer(file, lineterminator="\n")
    if arguments.csv:
        rows.writerow(["picture", "rank", "class", "probability"])
    done = 0
    for names, images in _readable(paths, classifier.image_size, classifier.channels):
        done += len(names)
        for path, row in zip(names, classifier.probabilities(images), strict=True):
            best = np.argsort(-row, kind="stable")[: arguments.top]
            if arguments.csv:
                rows.writerows(
                    [path, rank, classifier.class_names[i], f"{row[i]:.6f}"]
                    for rank, i in enumerate(best, 1)
                )
            else:
                named = ", ".join(f"{classifier.class_names[i]} {row[i]:.1%}" for i in best)
                print(f"{path}: {named}", file=file)
    return done


def _found(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The pictures that arguments name, those of folders sorted, and whether all of them are some.

    What is none is reported.
    """
    from fastcnn.datasets._parts import picture_files

    paths: list[str] = []
    complete = True
    for argument in arguments:
        if not Path(argument).is_dir():
            if Path(argument).suffix == ".safetensors":
                _report(f"{argument} is a model, not a picture: the model is named once, first")
                complete = False
            else:
                paths.append(argument)
            continue
        inside = picture_files(Path(argument))
        if not inside:
            _report(f"{argument} has no pictures, in no subfolder either")
            complete = False
        paths += map(str, inside)
    return paths, complete


def _report(text: str) -> None:
    print(f"fastcnn: error: {text}", file=sys.stderr)


def _readable(
    paths: Sequence[str], image_size: tuple[int, int], channels: int
) -> Iterator[tuple[list[str], NDArray[np.uint8]]]:
    """Paths and images, some at a time; files that are not pictures are reported and left out."""
    from fastcnn.datasets import image_folder

    color_mode = "grayscale" if channels == 1 else "rgb"
    for start in range(0, len(paths), _CHUNK):
        names, images = [], []
        for path in paths[start : start + _CHUNK]:
            try:
                images.append(image_folder.read_image(path, image_size, color_mode=color_mode))
            except (OSError, ValueError) as error:
                _report(explain(error))
            else:
                names.append(path)
        if names:
            yield names, np.stack(images)
