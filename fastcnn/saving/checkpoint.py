"""The state of a running ``fit`` in one file, from which another process goes on bit for bit."""

from __future__ import annotations

from typing import Any

from fastcnn.layers.base.tracking import all_layers
from fastcnn.paths import AnyPath
from fastcnn.saving.model_file import (
    blamed_on,
    built_weights,
    fill_weights,
    optimizer_state,
    restore_optimizer,
)
from fastcnn.saving.safetensors_file import Source, read_file, write_file
from fastcnn.training.trainer import Trainer

__all__ = ["read_backup", "write_backup"]

_KIND = "backup of a running fit"


def write_backup(model: Trainer, path: AnyPath) -> None:
    """Write all that the rest of a running ``fit`` depends on.

    Weights, optimizer state and step number, the learning rate if it is a number, the place in the
    data, seeds of the order and of random layers, and what the running epoch measured.
    """
    place, optimizer = model.place, model.optimizer
    assert place is not None
    assert optimizer is not None
    weights = built_weights(model)
    arrays: dict[str, Source] = dict(weights)
    rate = None if optimizer.schedule is not None else float(optimizer.learning_rate)
    description = {
        "kind": _KIND,
        "weights": list(weights),
        "optimizer": optimizer_state(optimizer, list(weights.values()), arrays),
        "learning_rate": rate,
        "seeds": [layer.seed for layer in _random_layers(model)],
        "shuffle_seed": model.shuffle_seed,
        # The order of an epoch that is under way has its number already.
        "epochs_done": model.epochs_done - (place.step > 0),
        "epoch": place.epoch,
        "step": place.step,
        "position": place.stream.position(),
        "meters": list(state := place.meters.state()),
    }
    arrays.update((f"meters/{key}", array) for key, array in state.items())
    write_file(path, description, arrays)


def read_backup(model: Trainer, path: AnyPath) -> None:
    """Bring a model and its running ``fit`` to where :func:`write_backup` found them.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged or was written for another model.
    """
    place, optimizer = model.place, model.optimizer
    assert place is not None
    assert optimizer is not None
    with read_file(path) as contents, blamed_on(contents):
        description = contents.description
        if description.get("kind") != _KIND:
            raise ValueError("it is not a backup of a running fit; it may be a saved model")
        weights = list(built_weights(model).values())
        layers = _random_layers(model)
        seeds = description["seeds"]
        if len(seeds) != len(layers):
            raise ValueError(
                f"it has the seeds of {len(seeds)} random layers, the model has {len(layers)}"
            )
        fill_weights(weights, contents)
        restore_optimizer(optimizer, description["optimizer"], weights, contents)
        for layer, seed in zip(layers, seeds, strict=True):
            layer.seed = int(seed)
        # Seeds are constants of a compiled step.
        model.programs.clear()
        if description["learning_rate"] is not None:
            optimizer.learning_rate = description["learning_rate"]
        model.shuffle_seed = int(description["shuffle_seed"])
        model.epochs_done = int(description["epochs_done"])
        place.epoch, place.step = int(description["epoch"]), int(description["step"])
        place.learning_rate = description["learning_rate"] if place.step else None
        place.stream.seek(description["position"])
        if place.step:
            keys = description["meters"]
            found = contents.arrays([f"meters/{key}" for key in keys])
            place.meters.restore(dict(zip(keys, found, strict=True)))


def _random_layers(model: Trainer) -> list[Any]:
    """Layers with a seed of their own, in the order of the model."""
    return [layer for layer in all_layers(model) if isinstance(vars(layer).get("seed"), int)]
