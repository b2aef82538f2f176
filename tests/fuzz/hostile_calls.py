"""Public functions and classes are called with arguments that nobody expects."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import fastcnn
from fastcnn import (
    Input,
    Model,
    Sequential,
    activations,
    callbacks,
    constraints,
    graph,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
    schedules,
)
from fuzz.corpus import operation_cases
from fuzz.values import HUGE, MEDIUM, SMALL, Rng, hostile, one_of
from layers.cases import ROWS

#: What a setting that has no default, or None, is called with before it is replaced.
_TYPICAL: dict[str, Any] = {
    **dict.fromkeys(("units", "filters", "num_classes", "n", "depth", "axis", "axes", "groups"), 2),
    **dict.fromkeys(("kernel_size", "pool_size", "size", "output_size", "strides"), 2),
    **dict.fromkeys(("rate", "stddev", "threshold", "recall", "precision", "specificity"), 0.5),
    **dict.fromkeys(("sensitivity", "learning_rate", "initial_learning_rate", "alpha"), 0.5),
    **dict.fromkeys(("decay_steps", "first_decay_steps", "steps", "warmup_steps"), 10),
    **dict.fromkeys(("height", "width", "cropping", "padding", "top_k", "class_id", "seed"), 1),
    **dict.fromkeys(("dims", "target_shape"), (1,)),
    "target_class_ids": [0],
    "boundaries": [0],
    "values": [0.1, 0.2],
    "activation": "relu",
    "decay_rate": 0.9,
}


class Campaign:
    """Calls by number, chosen by seed and number.

    Args:
        seed: Of all choices.
        folder: Where files may be written.
    """

    documented = (ValueError, TypeError, NotImplementedError, OSError)

    def __init__(self, seed: int, folder: Path) -> None:
        self._seed = seed
        self._folder = folder
        self._operations = operation_cases()
        self._kinds: list[tuple[float, Callable[[Rng], Callable[[], Any]]]] = [
            (0.45, self._operation),
            (0.65, self._layer),
            (0.8, self._measure),
            (0.9, self._part),
            (1.0, self._model),
        ]
        self._symbolic = False

    def run(self, number: int) -> str:
        """Makes a call."""
        os.chdir(self._folder)  # some calls write where they are
        rng = np.random.default_rng([self._seed, number])
        kind = rng.random()
        self._symbolic = False
        make = next(make for bound, make in self._kinds if kind < bound)
        with np.errstate(all="ignore"):
            call = make(rng)
            try:
                call()
            except MemoryError:
                if self._symbolic:
                    raise  # where arrays are given it is the answer to the size that was asked for
        return ""

    def write(self, number: int, stem: Path) -> None:
        """Writes what the call was."""
        make = f"python -m fuzz calls --seed {self._seed} --first {number} --count 1\n"
        stem.with_suffix(".call.txt").write_text(make)

    def _operation(self, rng: Rng) -> Callable[[], Any]:
        case = one_of(self._operations, rng)
        arguments = {**case.sample(), **case.attributes}
        symbolic = self._symbolic = rng.random() < 0.4
        if symbolic:
            arguments = {name: _symbol(value, rng) for name, value in arguments.items()}
        _replace(arguments, rng, symbolic=symbolic)
        for name in inspect.signature(getattr(ops, case.op)).parameters:
            if name not in arguments and rng.random() < 0.1:
                arguments[name] = hostile(_TYPICAL.get(name), rng, symbolic=symbolic)
        return lambda: getattr(ops, case.op)(**arguments)

    def _layer(self, rng: Rng) -> Callable[[], Any]:
        row = one_of(ROWS, rng)
        config = row.draw(row.rng(int(rng.integers(4))))
        kind = getattr(layers, row.layer)
        arguments = dict(config.arguments)
        # Weights for a large input are what was asked for.
        symbolic = rng.random() < 0.6
        shapes = config.shape if isinstance(config.shape, list) else [config.shape]
        if symbolic:
            inputs = [Input(_other_shape(shape[1:], rng, [255, 4097])) for shape in shapes]
        else:
            inputs = [row.values(rng, shape) for shape in shapes]
            if rng.random() < 0.4:
                inputs = [hostile(x, rng, symbolic=False) for x in inputs]
        if rng.random() < 0.8:
            for name in inspect.signature(kind).parameters:
                if name not in arguments and rng.random() < 0.05:
                    arguments[name] = _TYPICAL.get(name)
            _replace(arguments, rng, symbolic=symbolic)

        def call() -> None:
            layer = kind(**arguments)
            layer(inputs if isinstance(config.shape, list) else inputs[0])
            layer.get_config()

        return call

    def _measure(self, rng: Rng) -> Callable[[], Any]:
        module = one_of([losses, metrics], rng)
        kind = getattr(module, one_of(module.__all__, rng))
        if not isinstance(kind, type) or not issubclass(kind, losses.Loss | metrics.Metric):
            module, kind = losses, losses.MeanSquaredError
        arguments = _arguments(kind, rng)
        true = one_of([np.arange(4) % 3, np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]], rng)
        scores = np.asarray(rng.dirichlet([1, 1, 1], 4), np.float32)
        call_arguments = [true, scores]
        if rng.random() < 0.7:
            place = int(rng.integers(2))
            call_arguments[place] = hostile(call_arguments[place], rng, symbolic=False)
        if rng.random() < 0.3:
            call_arguments.append(hostile(np.ones(4, np.float32), rng, symbolic=False))

        def call() -> None:
            measure = kind(**arguments)
            measure(*call_arguments)
            if isinstance(measure, metrics.Metric):
                measure.result()
                measure.restore(measure.state())

        return call

    def _part(self, rng: Rng) -> Callable[[], Any]:
        module = one_of(
            [optimizers, schedules, initializers, regularizers, constraints, activations], rng
        )
        kind = getattr(module, one_of(module.__all__, rng))
        if kind is constraints.constrained:
            kind = constraints.MaxNorm
        if not isinstance(kind, type):
            value = hostile(np.ones((2, 3), np.float32), rng, symbolic=False)
            return lambda: kind(value)
        arguments = _arguments(kind, rng)
        shape = hostile((2, 3), rng, symbolic=False)
        value = hostile(np.ones((2, 3), np.float32), rng, symbolic=False)

        def call() -> None:
            made = kind(**arguments)
            if module is initializers:
                made(shape)
            elif module in (regularizers, constraints):
                made(value)
            elif module is schedules:
                made(hostile(3, rng, symbolic=True))
            elif module is optimizers:
                made.build([fastcnn.Variable(np.ones((2, 2), np.float32))])
            made.get_config()

        return call

    def _model(self, rng: Rng) -> Callable[[], Any]:
        x = rng.standard_normal((6, 4)).astype(np.float32)
        y = np.arange(6) % 3
        path = self._folder / "model.safetensors"

        def model(compiled: bool = True) -> Any:
            made = Sequential([Input((4,)), layers.Dense(3, "softmax")])
            if compiled:
                made.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
            return made

        def strange(value: Any = None) -> Any:
            return hostile(value, rng, symbolic=False)

        def settings(function: Any, **arguments: Any) -> dict[str, Any]:
            names = [
                name
                for name in inspect.signature(function).parameters
                if name not in ("self", "kwargs", "epochs", "verbose", "callbacks")
            ]
            return {**arguments, one_of(names, rng): strange(x)}

        calls: list[Callable[[], Any]] = [
            lambda: model().fit(**settings(Model.fit, x=x, y=y, epochs=1, verbose=0)),
            lambda: model().evaluate(**settings(Model.evaluate, x=x, y=y, verbose=0)),
            lambda: model().predict(**settings(Model.predict, x=x, verbose=0)),
            lambda: model()(strange(x)),
            lambda: model(False).compile(**settings(Model.compile, optimizer="sgd", loss="mse")),
            lambda: model().set_weights(strange(model().get_weights())),
            lambda: model().train_on_batch(strange(x), strange(y)),
            lambda: model().save(strange("x") or path),
            lambda: fastcnn.load(strange("x")),
            lambda: Model(strange([Input((3,))]), strange([Input((3,))])),
            lambda: Sequential(strange([layers.Dense(2)])),
            lambda: Input(strange((3, 4)), batch_size=strange(2)),
            lambda: Input(_other_shape((3, 4), rng), dtype=strange("float32")),
            lambda: fastcnn.Variable(strange(x)),
            lambda: graph.placeholder(strange((2, 3)), strange("float32")),
            lambda: callbacks.EarlyStopping(**settings(callbacks.EarlyStopping)),
            lambda: callbacks.ReduceLROnPlateau(**settings(callbacks.ReduceLROnPlateau)),
            lambda: fastcnn.keras.utils.image_dataset_from_directory(strange("x")),
            lambda: layers.get(strange("relu")) if hasattr(layers, "get") else None,
            lambda: losses.get(strange("mse")),
            lambda: metrics.get(strange("mse")),
            lambda: optimizers.get(strange("sgd")),
            lambda: activations.get(strange("relu")),
            lambda: initializers.get(strange("zeros")),
            lambda: fastcnn.runtime.set_num_threads(strange(1)),
            lambda: fastcnn.set_random_seed(strange(1)),
        ]
        return one_of(calls, rng)


def _symbol(value: Any, rng: Rng) -> Any:
    """A symbolic value in place of an array, sometimes of other sizes."""
    if isinstance(value, list):
        return [_symbol(item, rng) for item in value]
    if not isinstance(value, np.ndarray):
        return value
    if rng.random() < 0.5 and value.ndim:
        return Input(_other_shape(value.shape[1:], rng), dtype=value.dtype)
    return graph.placeholder(_other_shape(value.shape, rng), value.dtype)


def _other_shape(
    shape: tuple[int, ...], rng: Rng, medium: Sequence[int] = MEDIUM
) -> tuple[int, ...]:
    sizes = list(shape)
    if sizes and rng.random() < 0.5:
        place = int(rng.integers(len(sizes)))
        sizes[place] = int(one_of([size for size in [*SMALL, *medium, *HUGE] if size >= 0], rng))
    return tuple(sizes)


def _replace(arguments: dict[str, Any], rng: Rng, *, symbolic: bool) -> None:
    for _ in range(int(rng.choice([1, 1, 2]))):
        if arguments:
            name = one_of(list(arguments), rng)
            arguments[name] = hostile(arguments[name], rng, symbolic=symbolic)


def _arguments(kind: type, rng: Rng) -> dict[str, Any]:
    """Settings of a class, some of them hostile."""
    found: dict[str, Any] = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        needed = parameter.default is parameter.empty
        value = _TYPICAL.get(name, 0.5) if needed else parameter.default
        if rng.random() < 0.25:
            found[name] = hostile(value, rng, symbolic=False)
        elif needed:
            found[name] = value
    return found
