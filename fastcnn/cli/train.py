"""``fastcnn train``: images in; a model, a log and a picture of the curves out."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn.cli import options
from fastcnn.messages import command_text

if TYPE_CHECKING:
    from fastcnn.callbacks import Callback
    from fastcnn.cli.data import Data
    from fastcnn.cli.training_files import KeptModel, Resumed
    from fastcnn.models import Model

__all__ = ["add_parser"]

_PICTURES = (".png", ".svg", ".pdf")  # of curves; JPEG would blur their lines
_SUFFIX = ".safetensors"
#: A loss so many times that of guessing is no result: the steps were too long.
_HOPELESS = 10


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand to ``fastcnn``."""
    parser = commands.add_parser(
        "train",
        help="train a network on a data set or a folder of pictures",
        description="Trains the textbook CNN (3x3 convolutions, 2x2 max-pooling, a dense layer, "
        "softmax) and writes the model, a CSV log and a picture of the curves. Ctrl-C stops early "
        "and keeps what was learnt; --resume goes on.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument("data", metavar="DATA", help=options.DATA_HELP)
    _add_files(parser.add_argument_group("files"))
    _add_images(parser.add_argument_group("images"))
    _add_network(parser.add_argument_group("network"))
    _add_training(parser.add_argument_group("training"))


def _add_files(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path(f"model{_SUFFIX}"),
        metavar="FILE",
        help=f"model to write, ending in {_SUFFIX}: the best epoch by validation loss, or the "
        "last one where nothing is validated on (default: %(default)s)",
    )
    group.add_argument(
        "--log",
        type=Path,
        metavar="FILE",
        help="CSV file with a row per epoch, from 1 (default: as the model, ending in .csv)",
    )
    group.add_argument(
        "--curves",
        type=Path,
        metavar="FILE",
        help="picture of loss and accuracy, ending in .png, .svg or .pdf (default: as the model, "
        "ending in .png)",
    )
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="replace model, log and picture that are already there",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with the training that wrote the model, from its last full epoch up to "
        "--epochs, with the same network, optimizer and data; a --learning-rate that is given "
        "holds from there",
    )


def _add_images(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--image-size",
        type=options.image_size,
        metavar="SIZE",
        help="pixels a side, or HEIGHTxWIDTH (default: 32 for data sets, 64 for folders)",
    )
    group.add_argument("--grayscale", action="store_true", help="read pictures in grey")
    group.add_argument(
        "--validation-split",
        type=options.fraction,
        metavar="PART",
        help="part of each class of a folder to hold out; data sets have a test part of their own "
        "(default: 0.2, or nothing where there is a validation folder)",
    )
    group.add_argument(
        "--validation",
        metavar="FOLDER",
        help="folder of pictures to validate on, with the subfolders of DATA; found by itself "
        "where DATA holds train and val or validation (a test folder is used at the end)",
    )
    options.add_skip_unreadable(group)


def _add_network(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--filters",
        type=options.counts,
        metavar="N,...",
        help="filters of each convolution (default: 32,64,128)",
    )
    group.add_argument(
        "--dense",
        type=options.count,
        metavar="N",
        help="units of the dense layer (default: 128)",
    )
    group.add_argument(
        "--dropout",
        type=options.fraction,
        metavar="RATE",
        help="dropout before the last layer; 0.5 helps where pictures are few (default: 0)",
    )


def _add_training(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--epochs",
        type=options.count,
        default=10,
        metavar="N",
        help="passes over the images (default: %(default)s)",
    )
    group.add_argument(
        "--batch-size",
        type=options.count,
        default=32,
        metavar="N",
        help="images per step (default: %(default)s)",
    )
    group.add_argument(
        "--optimizer",
        choices=["adam", "sgd"],
        help="update rule; sgd has a momentum of 0.9 (default: adam)",
    )
    group.add_argument(
        "--learning-rate",
        type=options.positive,
        metavar="RATE",
        help="length of a step (default: 0.001 for adam, 0.01 for sgd)",
    )
    group.add_argument(
        "--class-weight",
        choices=["balanced"],
        help="balanced: pictures of rare classes count more, so that all classes weigh the same "
        "(default: all pictures count the same)",
    )
    group.add_argument(
        "--patience",
        type=options.count,
        metavar="N",
        help="stop when the held-out loss has not fallen for N epochs; the model is the best epoch",
    )
    group.add_argument(
        "--seed",
        type=options.seed,
        default=0,
        metavar="N",
        help="decides what of a folder is held out, the first weights, dropout, and the order of "
        "the images (default: %(default)s)",
    )
    options.add_threads(group)
    group.add_argument(
        "--verbose",
        choices=["auto", "0", "1", "2"],
        default="auto",
        help="0: silent, 1: a progress bar, 2: a line per epoch, auto: a bar on a terminal, else "
        "lines (default: %(default)s)",
    )


def _run(arguments: argparse.Namespace) -> int:
    from fastcnn import runtime
    from fastcnn.cli import curves
    from fastcnn.cli.data import load
    from fastcnn.cli.training_files import resume, state_file
    from fastcnn.seeding import set_random_seed

    log = arguments.log or arguments.output.with_suffix(".csv")
    picture = arguments.curves or arguments.output.with_suffix(".png")
    drawing = curves.available()
    _check_output(arguments, log, picture if drawing else None)
    if arguments.curves and not drawing:
        raise ImportError(curves.NEEDED)
    if arguments.threads:
        runtime.set_num_threads(arguments.threads)
    set_random_seed(arguments.seed)

    data = load(
        arguments.data,
        image_size=arguments.image_size,
        channels=1 if arguments.grayscale else None,
        validation_split=arguments.validation_split,
        validation=arguments.validation,
        seed=arguments.seed,
        skip_unreadable=arguments.skip_unreadable,
    )
    _check_data(arguments, data)
    settings = _settings(arguments, data)
    before = resume(arguments.output, log, settings) if arguments.resume else None
    if before is None:
        # What a resumed training must not change, even where the options are left out then.
        settings.update({name: _network(arguments)[name] for name in _NETWORK})
    if before is not None and before.epoch >= arguments.epochs:
        raise ValueError(
            f"{arguments.output} was trained for {before.epoch} epochs already: give a larger "
            "--epochs to go on"
        )
    model = _build(arguments, data) if before is None else before.model
    if before is not None and arguments.learning_rate and model.optimizer is not None:
        model.optimizer.learning_rate = arguments.learning_rate
    print(*filter(None, [command_text(data.report)]), _describe(data, model), sep="\n", flush=True)
    if before is not None:
        print(f"going on after epoch {before.epoch}", flush=True)
    for path in (arguments.output, log, picture):
        path.parent.mkdir(parents=True, exist_ok=True)
    kept = _kept(arguments, data, settings, before)
    finished = _fit(arguments, model, data, log, kept, before)
    guessing = math.log(len(data.class_names))
    if finished and not kept.loss <= _HOPELESS * guessing:
        reason = f": the best loss is {kept.loss:.3g}, and guessing gives {guessing:.3g}"
        raise ValueError(_failed(arguments, model, kept, reason))
    kept.finish()

    if len(data.held_out):
        held_out = data.held_out.batches(arguments.batch_size)
        loss, accuracy = model.evaluate(**held_out, verbose=0)
        print(f"{data.held_out_name} accuracy {accuracy:.2%}, loss {loss:.4f}")
    if len(data.test):
        loss, accuracy = model.evaluate(**data.test.batches(arguments.batch_size), verbose=0)
        print(f"{data.test_name} accuracy {accuracy:.2%}, loss {loss:.4f}")
    print(f"model:  {arguments.output} ({kept.described(arguments.epochs)})\nlog:    {log}")
    if not drawing:
        print(f"no curves: {curves.NEEDED}")
    elif log.stat().st_size:  # a row was written before the user stopped it
        curves.draw(log, picture, held_out_name=data.held_out_name)
        print(f"curves: {picture}")
    if (state := state_file(arguments.output)).exists():
        print(f"state:  {state} (for --resume; needed for nothing else)")
    return 0 if finished else 130


def _settings(arguments: argparse.Namespace, data: Data) -> dict[str, Any]:
    """What must be the same for a training to go on."""
    return {
        "classes": list(data.class_names),
        "pictures": len(data.train),
        "image size": list(data.train.image_shape),
        "--seed": arguments.seed,
        "--batch-size": arguments.batch_size,
        # A network that is there already keeps what is not given again.
        **{name: value for name, value in _given(arguments).items() if value is not None},
    }


#: Options that decide what is trained, and what holds where they are left out.
_NETWORK = {
    "--filters": [32, 64, 128],
    "--dense": 128,
    "--dropout": 0.0,
    "--optimizer": "adam",
}


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options of the network; None for those that were left out."""
    return {name: getattr(arguments, name.removeprefix("--")) for name in _NETWORK}


def _network(arguments: argparse.Namespace) -> dict[str, Any]:
    """The same with what holds for those that were left out."""
    given = _given(arguments)
    return {name: usual if given[name] is None else given[name] for name, usual in _NETWORK.items()}


def _kept(
    arguments: argparse.Namespace, data: Data, settings: dict[str, Any], before: Resumed | None
) -> KeptModel:
    from fastcnn.cli.training_files import KeptModel

    # The test pictures of a data set choose no epoch unless asked to: they would flatter it.
    chooses = data.held_out_name == "validation" or arguments.patience
    watched = "val_loss" if len(data.held_out) and chooses else None
    if before is None:
        return KeptModel(arguments.output, watched, settings)
    return KeptModel(arguments.output, watched, settings, before.best, before.best_epoch)


def _check_output(arguments: argparse.Namespace, log: Path, picture: Path | None) -> None:
    output = arguments.output
    if output.suffix != _SUFFIX:
        raise ValueError(f"a model is written as {_SUFFIX}: call {output} {output.stem}{_SUFFIX}")
    if arguments.curves and arguments.curves.suffix.lower() not in _PICTURES:
        raise ValueError(
            f"--curves {arguments.curves}: the picture is written as one of {', '.join(_PICTURES)}"
        )
    if arguments.overwrite and arguments.resume:
        raise ValueError("--overwrite begins anew and --resume goes on: give one of them")
    if arguments.overwrite or arguments.resume:
        return
    for path, option in [
        (output, "--output"),
        (log, "--log" if arguments.log else "--output"),
        (picture, "--curves" if arguments.curves else "--output"),
    ]:
        if path is not None and path.exists():
            raise FileExistsError(
                f"{path} is already there: give another {option}, or --overwrite to replace it"
            )


def _check_data(arguments: argparse.Namespace, data: Data) -> None:
    if len(data.class_names) < 2:
        raise ValueError(
            f"{arguments.data} has the single class {data.class_names[0]!r}: put pictures of "
            "something else into a second subfolder"
        )
    if arguments.patience and not len(data.held_out):
        raise ValueError(
            "--patience needs held-out pictures, and there are none: raise --validation-split or "
            "add pictures"
        )


def _check_size(image_shape: Sequence[int], filters: Sequence[int]) -> None:
    """Says in options what is wrong with images that are too small for so many convolutions."""
    extent = least = min(image_shape[:2])
    for number in range(1, len(filters) + 1):
        extent = (extent - 2) // 2
        if extent < 1:
            raise ValueError(
                f"images of {least} pixels are too small for {len(filters)} convolutions with "
                f"pooling: nothing is left after number {number}. Give fewer --filters or a larger "
                "--image-size"
            )


def _build(arguments: argparse.Namespace, data: Data) -> Model:
    from fastcnn.applications import TextbookCNN
    from fastcnn.cli.model import CLASS_NAMES
    from fastcnn.optimizers import SGD, Adam

    network = _network(arguments)
    _check_size(data.train.image_shape, network["--filters"])
    # A saved model needs no other preprocessing than the size of its input.
    model = TextbookCNN(
        input_shape=data.train.image_shape,
        classes=len(data.class_names),
        filters=network["--filters"],
        dense=network["--dense"],
        dropout=network["--dropout"],
        include_preprocessing=True,
    )
    model.metadata[CLASS_NAMES] = list(data.class_names)
    rate = arguments.learning_rate
    model.compile(
        Adam(rate or 0.001)
        if network["--optimizer"] == "adam"
        else SGD(rate or 0.01, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _describe(data: Data, model: Model) -> str:
    from fastcnn import runtime

    height, width, channels = data.train.image_shape
    tested = f"{len(data.test):,} for test, " if len(data.test) else ""
    return (
        f"{len(data.train):,} pictures of {height}x{width}x{channels} to learn from, "
        f"{len(data.held_out):,} for {data.held_out_name}, {tested}"
        f"{len(data.class_names)} classes; "
        f"{model.count_params():,} parameters; {runtime.isa()}, {runtime.num_threads()} threads"
    )


def _fit(
    arguments: argparse.Namespace,
    model: Model,
    data: Data,
    log: Path,
    kept: KeptModel,
    before: Resumed | None,
) -> bool:
    """Trains; False when the user stopped it.

    Raises:
        ValueError: The numbers became infinite or NaN.
    """
    from fastcnn.callbacks import EarlyStopping, TerminateOnNaN
    from fastcnn.cli.training_files import EpochLog

    rows = None if before is None else before.rows
    nan = TerminateOnNaN(raise_error=True)
    callbacks: list[Callback] = [nan, EpochLog(log, rows), kept]
    if arguments.patience:
        callbacks.append(EarlyStopping(patience=arguments.patience))
    held_out = data.held_out.batches(arguments.batch_size) if len(data.held_out) else {"x": None}
    try:
        model.fit(
            **data.train.batches(arguments.batch_size),
            epochs=arguments.epochs,
            initial_epoch=0 if before is None else before.epoch,
            validation_data=(held_out["x"], held_out["y"]) if "y" in held_out else held_out["x"],
            class_weight=_class_weight(data) if arguments.class_weight else None,
            callbacks=callbacks,
            verbose="auto" if arguments.verbose == "auto" else int(arguments.verbose),
        )
    except KeyboardInterrupt:
        print("\nstopped: keeping what was learnt so far", file=sys.stderr)
        return False
    except RuntimeError:
        if nan.report is None:
            raise
        cause = nan.report.partition(": in step ")[2]
        where = f": in step {cause}" if cause else ""
        # Without a model it would only be in the way of the next try.
        if not log.stat().st_size or not arguments.output.exists():
            log.unlink()
        raise ValueError(_failed(arguments, model, kept, where)) from None
    return True


def _class_weight(data: Data) -> dict[int, float]:
    """For each class the number that makes all of its pictures weigh as much as another's."""
    counts = np.bincount(data.train.y.reshape(-1), minlength=len(data.class_names))
    each = len(data.train) / len(counts)
    return {number: each / count for number, count in enumerate(counts) if count}


def _failed(arguments: argparse.Namespace, model: Model, kept: KeptModel, how: str) -> str:
    """What to say of a training that made no model worth keeping; the old one is put back."""
    if kept.put_back():
        state = f"{arguments.output} is as it was before"
    elif kept.best_epoch is not None:
        state = f"{arguments.output} holds {kept.described(arguments.epochs)}"
    else:
        state = f"{arguments.output} was not written"
    optimizer = model.optimizer
    rate = "" if optimizer is None else f" (it was {float(optimizer.learning_rate):g})"
    return f"training failed{how}. {state}. Try a smaller --learning-rate{rate}"
