"""Model files that mutations begin with, made by the package as it is."""

from __future__ import annotations

import importlib
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import Input, Model, Sequential, keras, layers, losses, metrics, optimizers
from fastcnn import ops as operations
from layers.cases import ROWS
from ops.cases.case import Case

#: What versions before this one wrote.
FIXTURES = Path(__file__).parent.parent / "fixtures" / "models"
FAMILIES = [
    *("convolution", "products", "pooling", "normalization", "elementwise", "reduction"),
    *("movement", "random", "loss"),
]
#: Inputs of more elements make a case slow without making it better.
LARGEST = 4096


def operation_cases() -> list[Case]:
    """Small rows of the table of operations."""
    rows = [
        case for family in FAMILIES for case in importlib.import_module(f"ops.cases.{family}").CASES
    ]
    return [case for case in rows if _elements(case.sample()) <= LARGEST]


def write_corpus(folder: Path) -> list[Path]:
    """Write the files; most hold little, so that an edit meets something that matters."""
    for file in sorted(FIXTURES.rglob("*.safetensors")):
        shutil.copy(file, folder / f"{file.parent.name}-{file.name}")
    for name, model in _models():
        model.save(folder / f"{name}.safetensors")
        keras.utils.clear_session()
    return sorted(folder.iterdir())


def _models() -> Iterator[tuple[str, Any]]:
    yield from _composed()
    for row in ROWS:
        config = row.draw(row.rng(0))
        shapes = config.shape if isinstance(config.shape, list) else [config.shape]
        inputs = [Input(shape[1:]) for shape in shapes]
        layer = getattr(layers, row.layer)(**config.arguments)
        outputs = layer(inputs if isinstance(config.shape, list) else inputs[0])
        yield f"layer-{row}", Model(inputs, outputs)
    seen: set[str] = set()
    for case in operation_cases():
        if case.op not in seen and (model := _of_operation(case)) is not None:
            seen.add(case.op)
            yield f"op-{case.op}", model


def _of_operation(case: Case) -> Any:
    """A model that calls an operation on an input in place of its first array."""
    arguments = {**case.sample(), **case.attributes}
    name = next(iter(arguments))
    first = arguments[name]
    if not isinstance(first, np.ndarray) or first.ndim == 0 or first.dtype.kind not in "fiu":
        return None
    symbolic = Input(first.shape[1:], batch_size=len(first) or None, dtype=first.dtype)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Model(symbolic, getattr(operations, case.op)(**{**arguments, name: symbolic}))
    except (TypeError, ValueError):
        return None  # an argument that a model cannot keep open, such as a row of no batch


def _composed() -> Iterator[tuple[str, Any]]:
    x = Input((4,))
    shared = layers.Dense(4, "relu", name="twice")
    inner = Model(x, shared(x), name="inner")
    y = Input((4,))
    yield "shared-across-models", Model(y, [shared(inner(y)), inner(shared(y))])

    image = Input((None, None, 3), dtype="uint8")
    z = layers.Rescaling(1 / 255)(image)
    z = layers.Conv2D(2, 3, padding="same", activation="relu")(z)
    yield "open-sizes", Model({"image": image}, {"mean": layers.GlobalAveragePooling2D()(z)})

    measures = [
        [metrics.AUC(num_thresholds=9, multi_label=True, num_labels=2), metrics.F1Score("macro")],
        [metrics.MeanIoU(2, sparse_y_pred=False), metrics.ConfusionMatrix(2)],
        [metrics.Precision([0.2, 0.5], top_k=1), metrics.ExpectedCalibrationError(3)],
    ]
    for number, several in enumerate(measures):
        model = Sequential([Input((3,)), layers.Dense(2, "softmax")])
        model.compile(
            optimizers.Adam(0.01, clipnorm=1.0, weight_decay=0.1),
            losses.CategoricalFocalCrossentropy(label_smoothing=0.1),
            metrics=several,
        )
        yield f"metrics-{number}", model


def _elements(inputs: dict[str, Any]) -> int:
    arrays = [
        a for value in inputs.values() for a in (value if isinstance(value, list) else [value])
    ]
    return sum(np.size(array) for array in arrays)
