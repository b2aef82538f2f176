"""``fastcnn predict``: what is in these pictures."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastcnn.cli import options
from fastcnn.cli.errors import explain

__all__ = ["add_parser"]

_CHUNK = 64  # pictures in memory at a time


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
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="picture files")
    parser.add_argument(
        "--top",
        type=options.count,
        default=3,
        metavar="N",
        help="classes to print for each picture (default: %(default)s)",
    )
    parser.add_argument(
        "--csv", action="store_true", help="print rows of picture, rank, class, probability"
    )
    options.add_threads(parser)


def _run(arguments: argparse.Namespace) -> int:
    from fastcnn import runtime
    from fastcnn.cli.model import Classifier

    if arguments.threads:
        runtime.set_num_threads(arguments.threads)
    classifier = Classifier.load(arguments.model)
    rows = csv.writer(sys.stdout, lineterminator="\n")
    if arguments.csv:
        rows.writerow(["picture", "rank", "class", "probability"])
    done = 0
    for paths, images in _readable(arguments.pictures, classifier.image_size, classifier.channels):
        done += len(paths)
        for path, row in zip(paths, classifier.probabilities(images), strict=True):
            best = np.argsort(-row, kind="stable")[: arguments.top]
            if arguments.csv:
                rows.writerows(
                    [path, rank, classifier.class_names[i], f"{row[i]:.6f}"]
                    for rank, i in enumerate(best, 1)
                )
            else:
                named = ", ".join(f"{classifier.class_names[i]} {row[i]:.1%}" for i in best)
                print(f"{path}: {named}")
    return 0 if done == len(arguments.pictures) else 1


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
                print(f"fastcnn: error: {explain(error)}", file=sys.stderr)
            else:
                names.append(path)
        if names:
            yield names, np.stack(images)
