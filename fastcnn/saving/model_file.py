"""Models in files, and back: what ``model.save(path)`` and ``fastcnn.load(path)`` do."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastcnn import losses, metrics, optimizers
from fastcnn.config import custom_object, custom_object_scope, serialize
from fastcnn.config.references import describe, describing, is_ours
from fastcnn.graph.variable import Variable, assign_all, values_of
from fastcnn.layers.base.keras_tensor import call_budget
from fastcnn.layers.base.protocols import LayerLike
from fastcnn.layers.base.registry import layer_budget, make_layer
from fastcnn.layers.base.tracking import all_layers, invalidate
from fastcnn.layers.base.weight_creation import awaiting_weights
from fastcnn.messages import brief, shortened
from fastcnn.optimizers import Optimizer
from fastcnn.paths import AnyPath
from fastcnn.saving.protocols import SavedModel, Stored
from fastcnn.saving.reproducible import refuse_layers_of_losses, refuse_what_is_lost
from fastcnn.saving.safetensors_file import Source, read_file, write_file
from fastcnn.training.protocols import CompiledModel

__all__ = [
    "between_steps",
    "blamed_on",
    "built_weights",
    "copied",
    "describe_model",
    "fill_weights",
    "load_weights",
    "made_model",
    "optimizer_state",
    "read_model",
    "restore_optimizer",
    "save_model",
    "save_weights",
    "snapshot",
]

Array = NDArray[Any]
M = TypeVar("M", bound=SavedModel)

_VERSION = 1

# Models inside models inside models can describe billions of calls in a few lines.
_MOST_CALLS = 40_000
# Layers, those of models inside included.
_MOST_LAYERS = 10_000


def save_model(
    model: SavedModel, path: AnyPath, *, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """See :meth:`fastcnn.Model.save`."""
    _warn_of_foreign_name(path)
    with between_steps(model):
        described = describe_model(model, built_weights(model), include_optimizer=include_optimizer)
        description, arrays, _ = described
        arrays = snapshot(arrays)
    write_file(path, description, arrays, overwrite=overwrite)


def between_steps(model: SavedModel) -> AbstractContextManager[Any]:
    """A block during which no training step of the model begins or ends."""
    return nullcontext() if model.optimizer is None else model.optimizer.lock


def snapshot(arrays: Mapping[str, Source]) -> dict[str, Source]:
    """The arrays, with copies of the values of all Variables at one moment in their place."""
    variables = {name: v for name, v in arrays.items() if isinstance(v, Variable)}
    values = values_of(list(variables.values()))
    return {**arrays, **dict(zip(variables, values, strict=True))}


def describe_model(
    model: SavedModel, weights: dict[str, Variable], *, include_optimizer: bool = True
) -> tuple[dict[str, Any], dict[str, Source], dict[str, Any]]:
    """A model as JSON data and arrays.

    Args:
        model: The model.
        weights: Its weights by name.
        include_optimizer: Whether loss, metrics, optimizer and its state are described too.

    Returns:
        The description, the arrays by name, and the caller's own classes and functions that the
        description names.

    Raises:
        TypeError: A layer cannot say how it was made.
        ValueError: The description could not bring back the same model.
    """
    if (count := _count_layers(model)) > _MOST_LAYERS:
        raise ValueError(
            f"cannot save model {model.name!r}: it has {count} layers, at most {_MOST_LAYERS} can "
            "be loaded again; save_weights(path) writes its weights alone"
        )
    with describing() as described:
        entry = describe(model)
    refuse_what_is_lost(model, described)
    named = described.named
    description: dict[str, Any] = {
        "version": _VERSION,
        "model": entry,
        "build_shapes": None if model.graph is not None else model.build_shapes,
        "weights": list(weights),
        "metadata": model.metadata,
    }
    arrays: dict[str, Source] = dict(weights)
    layers = all_layers(model)
    description["frozen"] = {
        "of_layers": len(layers),
        "layers": [number for number, layer in enumerate(layers) if not layer.trainable],
        "weights": [n for n, weight in enumerate(weights.values()) if not weight.trainable],
    }
    description["training"] = {
        "shuffle_seed": model.shuffle_seed,
        "epochs_done": model.epochs_done,
    }
    optimizer = model.optimizer if include_optimizer else None
    if model.objective is not None and optimizer is not None:
        with describing() as described:
            # One name, one thing: in all of the description.
            described.named = named
            description["compile"] = {
                "optimizer": serialize(optimizer),
                **optimizer_state(optimizer, list(weights.values()), arrays),
                "not_decayed": [
                    number
                    for number, weight in enumerate(weights.values())
                    if not optimizer.decays(weight)
                ],
                **model.objective.get_config(),
            }
        refuse_layers_of_losses(model, described)
    return description, arrays, {name: own for name, own in named.items() if not is_ours(own)}


#: Endings that other programs know, and that name formats of theirs.
_FOREIGN = (".keras", ".h5", ".hdf5", ".pt", ".pth", ".onnx", ".tflite", ".pb")


def _warn_of_foreign_name(path: AnyPath) -> None:
    name = os.fsdecode(path)
    if name.lower().endswith(_FOREIGN):
        ending = os.path.splitext(name)[1]
        warnings.warn(
            f"{name!r} is written in fastcnn's format, safetensors, which programs that read "
            f"{ending} files cannot read: call it {os.path.splitext(name)[0]}.safetensors",
            stacklevel=5,  # past this file, Model.save and the check of its arguments
        )


def copied(model: SavedModel) -> LayerLike:
    """Another model of the same description, with new weights; built if the model is.

    Raises:
        TypeError: A layer cannot say how it was made.
        ValueError: The description could not bring back the same model.
    """
    with describing() as described:
        entry = describe(model)
    refuse_what_is_lost(model, described)
    kinds = {type(layer).__name__: type(layer) for layer in all_layers(model)}
    with custom_object_scope({**kinds, **described.named}):
        copy = make_layer(entry)
        shapes = model.build_shapes if model.graph is None and model.built else None
        if shapes is not None and isinstance(copy, type(model)):
            copy.build_from_shapes(model.build_shapes)
    return copy


def optimizer_state(
    optimizer: Optimizer, weights: Sequence[Variable], arrays: dict[str, Source]
) -> dict[str, Any]:
    """What an optimizer has gathered: its Variables go into ``arrays``, the rest is returned."""
    slots: list[int] = []
    for number, weight in enumerate(weights):
        for slot in optimizer.existing_slots(weight):
            arrays[f"optimizer/{len(slots)}"] = slot
            slots.append(number)
    return {"iterations": optimizer.iterations, "slots": slots}


def restore_optimizer(
    optimizer: Optimizer, entry: Mapping[str, Any], weights: Sequence[Variable], contents: Stored
) -> None:
    """Give an optimizer back what :func:`optimizer_state` took down.

    Raises:
        ValueError: It does not fit the optimizer or the weights.
    """
    if not isinstance(entry["iterations"], int) or not 0 <= entry["iterations"] < 1 << 62:
        raise ValueError(f"its optimizer made {entry['iterations']!r} steps")
    optimizer.iterations = entry["iterations"]
    owners = entry["slots"]
    if not all(isinstance(owner, int) and 0 <= owner < len(weights) for owner in owners):
        raise ValueError("its optimizer state belongs to weights that are not there")
    trained = [weights[owner] for owner in dict.fromkeys(owners)]
    optimizer.build(trained)
    slots = [slot for weight in trained for slot in optimizer.state(weight)]
    names = [f"optimizer/{index}" for index in range(len(owners))]
    if len(slots) != len(names):
        raise ValueError(f"its optimizer has {len(names)} arrays of state, expected {len(slots)}")
    _assign(slots, names, contents)


def _count_layers(layer: LayerLike) -> int:
    return 1 + sum(_count_layers(inner) for inner in layer.sublayers)


def save_weights(model: CompiledModel, path: AnyPath, *, overwrite: bool = True) -> None:
    """See :meth:`fastcnn.Model.save_weights`."""
    _warn_of_foreign_name(path)
    arrays = snapshot(built_weights(model))
    write_file(path, {"version": _VERSION, "weights": list(arrays)}, arrays, overwrite=overwrite)


def load_weights(model: CompiledModel, path: AnyPath) -> None:
    """See :meth:`fastcnn.Model.load_weights`."""
    with read_file(path) as contents, blamed_on(contents):
        fill_weights(list(built_weights(model).values()), contents)


def read_model(
    path: AnyPath,
    kind: type[M],
    *,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    verify: bool = False,
) -> M:
    """The model that :func:`save_model` wrote; see :func:`fastcnn.load`.

    Args:
        path: The file.
        kind: The class that models are of.
        custom_objects: The caller's own layer classes, losses and functions by name.
        compile: Whether to restore optimizer, loss and metrics too.
        verify: Whether to compare the contents with the digest stored with them.
    """
    with read_file(path, verify=verify) as contents:
        return made_model(contents, kind, custom_objects=custom_objects, compile=compile)


def made_model(
    contents: Stored,
    kind: type[M],
    *,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> M:
    """The model of contents that :func:`describe_model` made; arguments as :func:`read_model`."""
    with blamed_on(contents), custom_object_scope(custom_objects):
        description = contents.description
        if description.get("version") != _VERSION:
            raise ValueError(
                f"its format has version {brief(description.get('version'))}, this fastcnn reads "
                f"{_VERSION}"
            )
        if "model" not in description:
            raise ValueError("it holds weights only; make the model and use load_weights(path)")
        shapes = (contents.shapes[name] for name in _names(contents))
        with awaiting_weights(shapes), call_budget(_MOST_CALLS), layer_budget(_MOST_LAYERS):
            model = make_layer(description["model"])
            if not isinstance(model, kind):
                raise ValueError(f"it describes a layer, {type(model).__name__}, not a model")
            if description["build_shapes"] is not None:
                model.build_from_shapes(description["build_shapes"])
        weights: list[Variable] = []
        if model.built or _names(contents):
            weights = list(built_weights(model).values())
            fill_weights(weights, contents)
        if not isinstance(description["metadata"], dict):
            raise ValueError("its metadata is not a dict")
        model.metadata = description["metadata"]
        if "frozen" in description:
            _freeze(model, weights, description["frozen"])
        training = description["training"]
        model.shuffle_seed = int(training["shuffle_seed"])
        model.epochs_done = int(training["epochs_done"])
        if compile and "compile" in description:
            # Losses and metrics that hold layers: without weights, and few.
            few_calls, few_layers = call_budget(_MOST_CALLS // 10), layer_budget(_MOST_LAYERS // 10)
            with awaiting_weights(()), few_calls, few_layers:
                _restore_training(model, weights, contents)
    return model


def _freeze(model: SavedModel, weights: Sequence[Variable], frozen: Mapping[str, Any]) -> None:
    """Set what is trained, also of layers that a constructor made."""
    layers = all_layers(model)
    if frozen["of_layers"] == len(layers):
        chosen = set(frozen["layers"])
        for number, layer in enumerate(layers):
            layer._trainable = number not in chosen
        invalidate()
    chosen = set(frozen["weights"])
    for number, weight in enumerate(weights):
        weight.trainable = number not in chosen


def _restore_training(model: SavedModel, weights: Sequence[Variable], contents: Stored) -> None:
    entry = contents.description["compile"]
    optimizer = optimizers.get(entry["optimizer"])
    model.compile(
        optimizer,
        loss=_revived(entry["loss"], losses.get),
        loss_weights=entry["loss_weights"],
        metrics=_revived(entry["metrics"], metrics.get),
        weighted_metrics=_revived(entry["weighted_metrics"], metrics.get),
    )
    kept = entry.get("not_decayed", [])
    if not all(isinstance(number, int) and 0 <= number < len(weights) for number in kept):
        raise ValueError("it keeps weights from decay that are not there")
    optimizer.exclude_from_weight_decay([weights[number] for number in kept])
    restore_optimizer(optimizer, entry, weights, contents)


def _revived(value: Any, get: Callable[[Any], Any]) -> Any:
    """Losses or metrics of a description, with objects in place of what only the file's reader,
    or the caller's custom objects, can name.
    """
    if isinstance(value, dict) and "class_name" in value:
        return get(value)
    if isinstance(value, dict):
        return {key: _revived(item, get) for key, item in value.items()}
    if isinstance(value, list):
        return [_revived(item, get) for item in value]
    if isinstance(value, str):
        return custom_object(value) or value
    return value


def built_weights(model: CompiledModel) -> dict[str, Variable]:
    """Weights by a name that is unique in the file."""
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights yet: give it an Input, or call it on data first"
        )
    found: dict[str, Variable] = {}
    used: Counter[str] = Counter()
    for weight in model.weights:
        name = weight.name
        while name in found or name.startswith("optimizer/"):
            used[weight.name] += 1
            name = f"{weight.name.removeprefix('optimizer/')}:{used[weight.name] + 1}"
        found[name] = weight
    return found


def _names(contents: Stored) -> list[str]:
    names = contents.description.get("weights")
    if not isinstance(names, list) or not all(name in contents.shapes for name in names):
        raise ValueError("its list of weights names tensors that are not there")
    return names


def fill_weights(weights: Sequence[Variable], contents: Stored) -> None:
    """Write the weights of a file into Variables.

    Raises:
        ValueError: Their number or a type differs.
    """
    names = _names(contents)
    if len(names) != len(weights):
        raise ValueError(f"it holds {len(names)} weights, the model has {len(weights)}")
    _assign(weights, names, contents)


def _assign(variables: Sequence[Variable], names: list[str], contents: Stored) -> None:
    """Write arrays of the file into Variables, after comparing all of their types."""
    for variable, name in zip(variables, names, strict=True):
        if name not in contents.shapes:
            raise ValueError(f"tensor {name!r} is missing")
        shape, dtype = contents.shapes[name], contents.dtypes[name]
        if shape != tuple(variable.shape) or dtype != np.dtype(variable.dtype):
            raise ValueError(
                f"tensor {name!r} is {dtype} of shape {shape}, but {variable.name!r} is "
                f"{np.dtype(variable.dtype)} of shape {tuple(variable.shape)}"
            )
    assign_all(variables, contents.arrays(names))


@contextmanager
def blamed_on(contents: Stored) -> Iterator[None]:
    """Say which file is at fault, also where its description leads to errors of another kind."""
    try:
        yield
    except OSError:
        raise  # of the file system
    except Exception as error:
        reason = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else error
        raise ValueError(f"cannot read {contents.path!r}: {shortened(str(reason))}") from error
