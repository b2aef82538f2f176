"""Small models with everything that a model file can hold, each with an input to compare by.

``python tests/saving/first_wave.py FOLDER`` writes them with the package as it is. So the files
under ``tests/fixtures/models`` were made, by the version that their folder is named after; they
are never written again by a later one.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import fastcnn
from fastcnn import Input, Model, Sequential, callbacks, layers, losses, metrics, ops, optimizers
from fastcnn import constraints as c
from fastcnn import initializers as i
from fastcnn import regularizers as r
from fastcnn import schedules as s
from fastcnn.activations import __all__ as activation_names

#: Epochs before a model is saved, and after.
BEFORE, AFTER = 3, 2
BATCH = 4


class Case(NamedTuple):
    """A model and data for it; ``y`` is None if it is not compiled."""

    model: Model
    x: Any
    y: Any = None


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return rng().standard_normal(shape, np.float32)


def textbook() -> Case:
    """Convolution, normalisation, pooling, dropout, dense; Adam by a schedule; metadata."""
    model = Sequential(
        [
            Input((8, 8, 3), dtype="uint8"),
            layers.Rescaling(1 / 255, -0.5),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(6, 3, activation="relu", kernel_regularizer="l2"),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ],
        name="textbook",
    )
    adam = optimizers.Adam(s.CosineDecay(0.01, 30, warmup_target=0.02, warmup_steps=2))
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.metadata["class_names"] = ["ant", "bee", "crow"]
    x = rng().integers(0, 256, (10, 8, 8, 3), np.uint8)
    return Case(model, x, np.arange(10) % 3)


def by_name() -> Case:
    """Optimizer, loss and metrics by their names; not an image but a row of numbers."""
    model = Sequential([Input((6,)), layers.Dense(5, "tanh"), layers.Dense(2, "softmax")])
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy", "mae", "auc"])
    return Case(model, normal(12, 6), np.eye(2)[np.arange(12) % 2])


def two_inputs_two_outputs() -> Case:
    """A residual sum, a shared layer, a model inside, operations and a constant between layers."""
    image, row = Input((6, 6, 2), name="image"), Input((3,), name="row")
    shared = layers.Dense(4, name="shared")
    x = layers.Conv2D(4, 3, padding="same", name="first")(image)
    x = ops.relu(layers.Add()([x, layers.Conv2D(4, 3, padding="same")(ops.relu(x))]))
    x = layers.GlobalAveragePooling2D()(x)
    inner = Sequential([Input((4,)), layers.Dense(4, "relu"), layers.Dense(4)], name="inner")
    y = shared(inner(x)) + ops.multiply(shared(row_of_four(row)), np.float32([0.5, 2, -1, 1]))
    model = Model(
        {"image": image, "row": row},
        {
            "kind": layers.Dense(3, "softmax", name="kind")(y),
            "size": ops.sum(y, axis=-1, keepdims=True) / 4 - 1,
        },
        name="two_and_two",
    )
    model.compile(
        optimizers.AdamW(0.01, global_clipnorm=1.0, use_ema=True),
        {"kind": "sparse_categorical_crossentropy", "size": losses.Huber(0.5)},
        loss_weights={"kind": 1.0, "size": 0.25},
        metrics={"kind": ["accuracy", metrics.SparseTopKCategoricalAccuracy(2)], "size": "mse"},
        weighted_metrics={"size": "mae"},
    )
    model.optimizer.exclude_from_weight_decay(var_names=["bias"])
    x = {"image": normal(8, 6, 6, 2), "row": normal(8, 3)}
    return Case(model, x, {"kind": np.arange(8) % 3, "size": normal(8, 1)})


def row_of_four(row: Any) -> Any:
    return layers.Concatenate()([row, layers.Dense(1, name="fourth")(row)])


def every_layer() -> Case:
    """Each layer that the package has once at least, in branches of one to three axes."""
    signal, image, volume = Input((8, 4)), Input((8, 8, 4)), Input((6, 6, 6, 2))
    outputs = []
    for start, rank in ((signal, 1), (image, 2), (volume, 3)):

        def of(name: str, *args: Any, rank: int = rank, **settings: Any) -> Any:
            return getattr(layers, name.replace("ND", f"{rank}D"))(*args, **settings)

        x = of("ZeroPaddingND", 1)(start)
        x = of("ConvND", 4, 3, strides=2, padding="same", activation="relu")(x)
        if rank < 3:
            x = of("DepthwiseConvND", 3, padding="same", depth_multiplier=2)(x)
            x = of("SeparableConvND", 4, 3, padding="same", activation="tanh")(x)
        x = of("ConvNDTranspose", 4, 2, strides=2)(x)
        x = of("CroppingND", 1)(x)
        x = of("UpSamplingND", 2 if rank < 3 else 1)(x)
        x = of("SpatialDropoutND", 0.1)(x)
        pooled = [
            of("MaxPoolingND", 2)(x),
            of("AveragePoolingND", 2)(x),
            of("AdaptiveMaxPoolingND", 2)(x),
            of("AdaptiveAveragePoolingND", 2)(x),
        ]
        outputs += [of("GlobalMaxPoolingND")(pooled[0]), of("GlobalAveragePoolingND")(pooled[1])]
        outputs += [layers.Flatten()(pooled[2]), layers.Flatten()(pooled[3])]
    x = layers.Conv2D(4, 2, groups=2, dilation_rate=2, name="grouped")(image)
    for layer in (
        layers.BatchNormalization(scale=False),
        layers.LayerNormalization(),
        layers.GroupNormalization(2),
        layers.RMSNormalization(),
        layers.ELU(0.5),
        layers.PReLU("random_normal", shared_axes=[1, 2]),
        layers.LeakyReLU(0.2),
        layers.ReLU(4.0, 0.1, 0.05),
        layers.Softmax(),
        layers.UnitNormalization(),
        layers.GaussianNoise(0.1),
        layers.GaussianDropout(0.1),
        layers.AlphaDropout(0.1),
        layers.ActivityRegularization(0.01, 0.02),
        layers.Identity(),
    ):
        x = layer(x)
    resized = layers.Resizing(5, 4, "bicubic", antialias=True)(x)
    resized = layers.CenterCrop(4, 4)(resized)
    resized = layers.Normalization(mean=[0.1] * 4, variance=[1, 2, 3, 4])(resized)
    resized = layers.Permute((2, 1, 3))(layers.Rescaling(2.0, 0.5)(resized))
    outputs.append(layers.Reshape((64,))(resized))
    flat = layers.Dense(4)(layers.GlobalAveragePooling2D()(x))
    other = layers.Activation("sigmoid")(flat)
    outputs += [
        layers.Dot(1, normalize=True)([flat, other]),
        layers.Flatten()(layers.RepeatVector(2)(layers.Dropout(0.2)(flat))),
        *(
            getattr(layers, name)()([flat, other])
            for name in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")
        ),
        *(
            layers.Activation(name)(flat)
            for name in activation_names
            if name not in ("get", "glu", "sparsemax", "threshold")
        ),
    ]
    model = Model([signal, image, volume], layers.Concatenate()(outputs), name="every_layer")
    return Case(model, [normal(3, 8, 4), normal(3, 8, 8, 4), normal(3, 6, 6, 6, 2)])


def weight_settings() -> Case:
    """Each initializer, regularizer and constraint, by object and by name."""
    kernels = [
        i.Constant(0.3), i.GlorotNormal(1), i.GlorotUniform(2), i.HeNormal(3), i.HeUniform(4),
        i.Identity(0.5), i.LecunNormal(5), i.LecunUniform(6), "ones", i.Orthogonal(0.9, 7),
        i.RandomNormal(0, 0.1, 8), i.RandomUniform(-0.2, 0.2, 9), i.TruncatedNormal(0, 0.3, 10),
        i.VarianceScaling(1.5, "fan_avg", "uniform", 11),
    ]  # fmt: skip
    penalties = ["l1", r.L2(0.01), r.L1L2(0.01, 0.02), r.OrthogonalRegularizer(0.01, "columns")]
    bounds = [c.MaxNorm(1.0), c.MinMaxNorm(0.5, 2.0, 0.9), c.NonNeg(), "unit_norm", None]
    x = inputs = Input((3,))
    for number, kernel in enumerate(kernels):
        layer = layers.Dense(
            3,
            kernel_initializer=kernel,
            bias_initializer=i.Zeros() if number % 2 else "ones",
            kernel_regularizer=penalties[number % 4],
            activity_regularizer=r.L2(0.001) if number % 3 == 0 else None,
            kernel_constraint=bounds[number % 5],
        )
        x = ops.tanh(x + layer(x))
    model = Model(inputs, x)
    model.compile(optimizers.SGD(0.01), "mse")
    return Case(model, normal(8, 3), np.tanh(normal(8, 3)))


def losses_and_metrics() -> Case:
    """A loss of each kind, and every metric that a batch of such numbers has."""
    dense = [
        losses.BinaryCrossentropy(label_smoothing=0.1), losses.BinaryFocalCrossentropy(),
        losses.CategoricalCrossentropy(label_smoothing=0.1), losses.CategoricalFocalCrossentropy(),
        losses.CategoricalHinge(), losses.CosineSimilarity(), losses.Dice(), losses.Hinge(),
        losses.Huber(0.3),
        losses.KLDivergence(), losses.LogCosh(), losses.MeanAbsoluteError(),
        losses.MeanAbsolutePercentageError(), losses.MeanSquaredError(),
        losses.MeanSquaredLogarithmicError(), losses.Poisson(), losses.SquaredHinge(),
        losses.Tversky(0.4, 0.6), "mse",
    ]  # fmt: skip
    sparse = [
        losses.CategoricalGeneralizedCrossEntropy(0.6),
        losses.SparseCategoricalCrossentropy(ignore_class=2),
    ]
    measures = [
        metrics.AUC(num_thresholds=20), metrics.BinaryAccuracy(threshold=0.4),
        metrics.BinaryCrossentropy(), metrics.BinaryIoU(), metrics.CategoricalAccuracy(),
        metrics.CategoricalCrossentropy(), metrics.CategoricalHinge(),
        metrics.ConcordanceCorrelation(), metrics.CosineSimilarity(), metrics.F1Score("macro"),
        metrics.FBetaScore("micro", 0.5), metrics.FalseNegatives(), metrics.FalsePositives(),
        metrics.Hinge(), metrics.KLDivergence(), metrics.LogCoshError(),
        metrics.MeanAbsoluteError(), metrics.MeanSquaredError(), metrics.OneHotIoU(3, [0, 1]),
        metrics.OneHotMeanIoU(3), metrics.PearsonCorrelation(), metrics.Poisson(),
        metrics.Precision(), metrics.PrecisionAtRecall(0.5, 20), metrics.R2Score(),
        metrics.Recall(), metrics.RecallAtPrecision(0.5, 20), metrics.RootMeanSquaredError(),
        metrics.SensitivityAtSpecificity(0.5, 20), metrics.SpecificityAtSensitivity(0.5, 20),
        metrics.SquaredHinge(), metrics.TopKCategoricalAccuracy(2), metrics.TrueNegatives(),
        metrics.TruePositives(),
    ]  # fmt: skip
    x = Input((4,))
    shared = layers.Dense(3, "softmax")(x)
    count = len(dense)
    names = [f"out{number}" for number in range(count + len(sparse))]
    model = Model(x, {name: layers.Dense(3, "softmax", name=name)(shared) for name in names})
    model.compile(
        optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        dict(zip(names, [*dense, *sparse], strict=True)),
        metrics={
            **{name: measures[number::count] for number, name in enumerate(names[:count])},
            names[count]: [
                metrics.SparseCategoricalAccuracy(),
                metrics.SparseCategoricalCrossentropy(),
                metrics.SparseTopKCategoricalAccuracy(2),
            ],
            names[count + 1]: [
                metrics.MeanIoU(3, sparse_y_pred=False),
                metrics.IoU(3, [0, 2], sparse_y_pred=False),
            ],
        },
    )
    labels = np.arange(12) % 3
    rows = np.eye(3, dtype=np.float32)[labels]
    y = {name: rows if number < count else labels for number, name in enumerate(names)}
    return Case(model, normal(12, 4), y)


OPTIMIZERS: Mapping[str, Callable[[], optimizers.Optimizer]] = {
    "adadelta": lambda: optimizers.Adadelta(0.5),
    "adagrad": lambda: optimizers.Adagrad(s.ExponentialDecay(0.05, 2, 0.9, staircase=True)),
    "adam": lambda: optimizers.Adam(s.PolynomialDecay(0.02, 20), amsgrad=True, clipnorm=1.0),
    "adamax": lambda: optimizers.Adamax(s.InverseTimeDecay(0.02, 5, 0.5), clipvalue=0.5),
    "adamw": lambda: optimizers.AdamW(s.OneCycle(0.02, 20), weight_decay=0.02),
    "ftrl": lambda: optimizers.Ftrl(0.05, l1_regularization_strength=0.001, beta=0.1),
    "gradient_descent": lambda: optimizers.GradientDescent(0.1),
    "lion": lambda: optimizers.Lion(s.LinearWarmup(0.002, 5)),
    "muon": lambda: optimizers.Muon(0.01),
    "nadam": lambda: optimizers.Nadam(s.CosineDecayRestarts(0.02, 4)),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "sgd": lambda: optimizers.SGD(
        s.PiecewiseConstantDecay([4, 12], [0.1, 0.05, 0.01]),
        momentum=0.9,
        use_ema=True,
        ema_overwrite_frequency=4,
        gradient_accumulation_steps=2,
        learning_rate_multipliers={"^second/": 2.0},
    ),
}


def by_optimizer(name: str) -> Case:
    model = Sequential(
        [Input((3,)), layers.Dense(4, "tanh", name="first"), layers.Dense(2, name="second")]
    )
    model.compile(OPTIMIZERS[name](), losses.MeanSquaredError())
    x = normal(16, 3)
    return Case(model, x, np.sin(x[:, :2]))


CASES: dict[str, Callable[[], Case]] = {
    **{
        make.__name__: make
        for make in (
            *(textbook, by_name, two_inputs_two_outputs, every_layer, weight_settings),
            losses_and_metrics,
        )
    },
    **{f"optimizer_{name}": lambda name=name: by_optimizer(name) for name in OPTIMIZERS},
}


def flat(prefix: str, value: Any) -> dict[str, np.ndarray]:
    """Arrays of a structure by names, as an ``.npz`` file has them."""
    if isinstance(value, Mapping):
        return {f"{prefix}.{key}": np.asarray(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return {f"{prefix}.{number}": np.asarray(part) for number, part in enumerate(value)}
    return {prefix: np.asarray(value)}


def logged(logs: Mapping[str, list[Any]]) -> dict[str, np.ndarray]:
    """Logs of epochs as two arrays: names, and a row of numbers for each."""
    return {"log_names": np.array(list(logs)), "logs": np.array(list(logs.values()))}


def train_on(model: Model, x: Any, y: Any, first: int, epochs: int, **settings: Any) -> Any:
    """Logs of further epochs by name."""
    history = model.fit(
        x,
        y,
        batch_size=BATCH,
        initial_epoch=first,
        epochs=first + epochs,
        verbose=0,
        **settings,
    )
    return history.history


class Stop(callbacks.Callback):
    """Ends a training as Ctrl-C does."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def write(folder: Path) -> None:
    """Each model as it is after some epochs, with its outputs and the logs of some more."""
    for name, make in CASES.items():
        fastcnn.keras.utils.clear_session()
        fastcnn.set_random_seed(1)
        case = make()
        if case.y is not None:
            train_on(case.model, case.x, case.y, 0, BEFORE)
        case.model.save(folder / f"{name}.safetensors")
        known = {**flat("x", case.x), **flat("output", case.model.predict(case.x, verbose=0))}
        if case.y is not None:
            logs = train_on(case.model, case.x, case.y, BEFORE, AFTER)
            known |= {**flat("y", case.y), **logged(logs)}
        np.savez_compressed(folder / f"{name}.npz", **known)
        if name == "textbook":
            case.model.save_weights(folder / "textbook_weights.safetensors")
            outputs = case.model.predict(case.x, verbose=0)
            np.savez_compressed(folder / "textbook_weights.npz", x=case.x, output=outputs)
    backup(folder)


def backup(folder: Path) -> None:
    """What ``BackupAndRestore`` leaves of a training that is stopped in its second epoch."""
    fastcnn.keras.utils.clear_session()
    fastcnn.set_random_seed(1)
    model, x, y = textbook()
    place = folder / "stopped"
    keep = callbacks.BackupAndRestore(place, save_freq=2)
    try:
        train_on(model, x, y, 0, BEFORE, callbacks=[keep, Stop(5)])
    except KeyboardInterrupt:
        (place / "latest.safetensors").rename(folder / "backup.safetensors")
        shutil.rmtree(place)
    fastcnn.keras.utils.clear_session()
    fastcnn.set_random_seed(1)
    model, x, y = textbook()
    logs = train_on(model, x, y, 0, BEFORE)
    known = {**flat("x", x), **flat("y", y), **logged(logs)}
    np.savez_compressed(folder / "backup.npz", **known, output=model.predict(x, verbose=0))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    write(target)
