"""Names shared with Keras 3 mean what they mean there: defaults, formulas, numbers."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

import fastcnn.keras as ours
from fastcnn import optimizers

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore")

try:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
except ImportError:
    keras = None
    pytestmark = [pytestmark, pytest.mark.skip(reason="Keras 3 is not installed")]

#: Arguments that Keras' classes have not.
OWN_ARGUMENTS = {"optimizers": {"learning_rate_multipliers", "filters"}}
MODULES = [
    *("callbacks", "constraints", "initializers", "layers", "losses", "metrics", "optimizers"),
    *("regularizers", "utils"),
]
# Ours alone, or a function where Keras' is one of many overloads.
OWN = {
    "LayerScale",
    "GradientDescent",
    "LiveCurves",
    "Optimizer",
    "ConfusionMatrix",
    "ExpectedCalibrationError",
    "FunctionLoss",
    "get",
    "resolve",
    "CallbackList",
    "custom_object_scope",
}


def shared():
    for module in MODULES:
        for name in getattr(ours, module).__all__:
            if name not in OWN and inspect.isclass(getattr(getattr(ours, module), name)):
                yield pytest.param(module, name, id=f"{module}.{name}")


@pytest.mark.parametrize(("module", "name"), list(shared()))
def test_arguments_and_defaults(module, name):
    theirs = getattr(getattr(keras, module), name, None)
    assert theirs is not None, f"keras.{module} has no {name}"
    known = inspect.signature(theirs).parameters
    # What Keras takes through **kwargs: name, trainable, input_shape and their like.
    general = {"name", "trainable", "dtype", "seed", "input_shape", "clipnorm", "clipvalue"}
    for key, parameter in parameters(getattr(getattr(ours, module), name)).items():
        if key in known:
            default = known[key].default
            if default is inspect.Parameter.empty or (key == "name" and default is None):
                continue
            # An int stands for as many of it as there are axes.
            each = isinstance(default, tuple) and default == (parameter.default,) * len(default)
            same = each or parameter.default == default
            assert same or (parameter.default is None and key in general), (key, default)
        else:
            assert key in general | OWN_ARGUMENTS.get(module, set()), (
                f"keras' {name} takes no {key}"
            )


def parameters(kind):
    """Arguments of a class, those that ``**settings`` passes on to its base among them."""
    found = {}
    for base in kind.__mro__:
        if "__init__" not in vars(base):
            continue
        own = dict(inspect.signature(base).parameters)
        rest = [key for key, p in own.items() if p.kind == inspect.Parameter.VAR_KEYWORD]
        for key in rest:
            del own[key]
        found = own | found
        if not rest:
            break
    return found


@pytest.mark.parametrize(("module", "name"), list(shared()))
def test_positions(module, name):
    """What can be handed in by position stands where it stands in Keras."""
    theirs = positional(getattr(getattr(keras, module), name))
    mine = positional(getattr(getattr(ours, module), name))
    assert mine == theirs[: len(mine)]


def positional(function):
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind in kinds]


def test_positions_of_functions():
    for mine, theirs in (
        (ours.Input, keras.Input),
        *[
            (getattr(part, n), getattr(getattr(keras, name), n))
            for name, part in (("losses", ours.losses), ("metrics", ours.metrics))
            for n in part.__all__
            if n.islower() and n not in OWN_FUNCTIONS and hasattr(getattr(keras, name), n)
        ],
        (ours.utils.to_categorical, keras.utils.to_categorical),
        *[(getattr(ours.Model, n), getattr(keras.Model, n)) for n in METHODS],
    ):
        names = positional(mine)
        assert names == positional(theirs)[: len(names)], mine


OWN_FUNCTIONS = {"get", "resolve", "serialize", "deserialize"} | {
    "classification_report",
    "confusion_matrix",
}
METHODS = ["fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "compile"]


def test_activations_have_keras_names():
    for name in ours.activations.__all__:
        assert hasattr(keras.activations, name), name


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_sparsemax(axis):
    """Where one element of a row is above 0: of several, Keras 3.15 takes too large a sum."""
    x = np.random.default_rng(0).permutation(60).reshape(3, 4, 5).astype(np.float32)
    want = np.asarray(keras.activations.sparsemax(x, axis=axis))
    np.testing.assert_allclose(want.sum(axis), 1)
    np.testing.assert_allclose(ours.activations.sparsemax(x, axis=axis), want)


LAYERS = [
    ("Conv2D", {"filters": 5, "kernel_size": 3, "strides": 2, "padding": "same"}, (3, 9, 8, 4)),
    ("Conv2D", {"filters": 6, "kernel_size": (2, 3), "dilation_rate": 2}, (3, 9, 8, 4)),
    ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 2, "activation": "relu"}, (3, 9, 8, 4)),
    ("Dense", {"units": 4, "activation": "tanh"}, (3, 5)),
    ("Dense", {"units": 4, "use_bias": False}, (3, 2, 5)),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, (2, 8, 7, 3)),
    ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, (2, 8, 7, 3)),
    ("GlobalAveragePooling2D", {}, (2, 5, 4, 3)),
    ("BatchNormalization", {}, (6, 4)),
    ("ReLU", {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.3}, (4, 5)),
    ("Softmax", {"axis": 1}, (4, 5, 3)),
    ("Activation", {"activation": "sigmoid"}, (4, 5)),
    ("Rescaling", {"scale": 0.5, "offset": 1.0}, (4, 5)),
    ("Flatten", {}, (4, 5, 2)),
    ("Reshape", {"target_shape": (-1, 5)}, (4, 5, 2)),
]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("name", "arguments", "shape"), LAYERS)
def test_layer_outputs(name, arguments, shape, training, rng):
    x = rng.standard_normal(shape, np.float32)
    mine = getattr(ours.layers, name)(**arguments)
    theirs = getattr(keras.layers, name)(**arguments)
    y = mine(x)
    theirs.build(shape)
    weights = [rng.uniform(0.5, 1.5, w.shape) for w in mine.get_weights()]
    mine.set_weights(weights)
    theirs.set_weights(weights)
    assert [w.name.split("/")[-1] for w in mine.weights] == [w.name for w in theirs.weights]
    y, want = mine(x, training=training), np.asarray(theirs(x, training=training))
    # The longest sums here have 36 terms.
    np.testing.assert_allclose(y, want, rtol=2e-5, atol=2e-5)
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def probabilities(rng, shape):
    x = rng.random(shape, np.float32) + 0.01
    return x / x.sum(-1, keepdims=True)


LOSSES = [
    ("MeanSquaredError", {}, "values"),
    ("MeanAbsoluteError", {}, "values"),
    ("CategoricalCrossentropy", {}, "one_hot"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "one_hot"),
    ("CategoricalCrossentropy", {"from_logits": True}, "one_hot"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "labels"),
    ("BinaryCrossentropy", {}, "binary"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "binary"),
]


def labels_of(kind, rng, shape):
    labels = rng.integers(0, shape[-1], shape[:-1])
    return {
        "values": rng.random(shape, np.float32),
        "one_hot": np.eye(shape[-1], dtype=np.float32)[labels],
        "labels": labels,
        "binary": rng.integers(0, 2, shape).astype(np.float32),
    }[kind]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
)
@pytest.mark.parametrize(("name", "arguments", "kind"), LOSSES)
def test_losses(name, arguments, kind, reduction, weighted, rng):
    y_true, y_pred = labels_of(kind, rng, (7, 4)), probabilities(rng, (7, 4))
    weight = rng.random(7, np.float32) if weighted else None
    values = [
        np.asarray(
            getattr(library.losses, name)(**arguments, reduction=reduction)(
                y_true, y_pred, sample_weight=weight
            )
        )
        for library in (ours, keras)
    ]
    np.testing.assert_allclose(*values, rtol=1e-5)


METRICS = [
    ("Accuracy", {}, "binary"),
    ("BinaryAccuracy", {"threshold": 0.3}, "binary"),
    ("CategoricalAccuracy", {}, "one_hot"),
    ("SparseCategoricalAccuracy", {}, "labels"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one_hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "labels"),
    ("MeanSquaredError", {}, "values"),
    ("MeanAbsoluteError", {}, "values"),
    ("RootMeanSquaredError", {}, "values"),
    ("CategoricalCrossentropy", {}, "one_hot"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("BinaryCrossentropy", {}, "binary"),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "arguments", "kind"), METRICS)
def test_metrics(name, arguments, kind, weighted, rng):
    results = []
    for library in (ours, keras):
        metric = getattr(library.metrics, name)(**arguments)
        draws = np.random.default_rng(3)
        for _ in range(3):
            y_true, y_pred = labels_of(kind, draws, (9, 4)), probabilities(draws, (9, 4))
            weight = draws.random(9, np.float32) if weighted else None
            metric.update_state(y_true, y_pred, sample_weight=weight)
        results.append(float(metric.result()))
    np.testing.assert_allclose(*results, rtol=1e-5)


OPTIMIZERS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"clipnorm": 0.01}),
    ("SGD", {"clipvalue": 0.01}),
    ("SGD", {"global_clipnorm": 0.01}),
    ("SGD", {"momentum": 0.9, "weight_decay": 0.1, "use_ema": True, "ema_momentum": 0.7}),
    ("SGD", {"gradient_accumulation_steps": 2, "loss_scale_factor": 4.0}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    ("RMSprop", {}),
]


def network(library):
    layers = library.layers
    return library.Sequential(
        [
            library.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )


@pytest.mark.parametrize(("name", "arguments"), OPTIMIZERS)
def test_training(name, arguments, rng):
    """Five steps of fit, weights and logs side by side."""
    ours.utils.set_random_seed(0)  # the same initial weights each time
    x = rng.random((40, 8, 8, 3), np.float32)
    y = rng.integers(0, 5, 40)
    mine, theirs = network(ours), network(keras)
    theirs.set_weights(mine.get_weights())
    for library, model in ((ours, mine), (keras, theirs)):
        model.compile(
            getattr(library.optimizers, name)(**arguments),
            "sparse_categorical_crossentropy",
            metrics=["accuracy", library.metrics.SparseTopKCategoricalAccuracy(2, name="top2")],
        )
    settings = {"batch_size": 8, "epochs": 1, "shuffle": False, "verbose": 0}
    a = mine.fit(x, y, validation_data=(x, y), **settings).history
    b = theirs.fit(x, y, validation_data=(x, y), **settings).history
    assert set(a) == set(b)
    for key, values in a.items():
        np.testing.assert_allclose(values, b[key], rtol=2e-4, err_msg=key)
    rate = optimizers.get(name.lower()).learning_rate
    for v, w in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        # Adam and RMSprop divide by gradients that may be no larger than their rounding errors.
        np.testing.assert_allclose(v, w, rtol=1e-3, atol=max(1e-5, 0.02 * rate))
    np.testing.assert_allclose(
        mine.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), rtol=2e-4
    )


# Bases, and those of other shapes.
NO_WEIGHTS = {"Identity", "Initializer", "Mapping", "Any"}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, kind in vars(ours.initializers).items()
        if inspect.isclass(kind) and name == kind.__name__ and name not in NO_WEIGHTS
    ],
)
def test_initializers_have_the_same_distribution(name):
    shape = (5, 5, 40, 60)
    mine = np.asarray(getattr(ours.initializers, name)()(shape))
    theirs = np.asarray(getattr(keras.initializers, name)()(shape))
    spread = theirs.std()
    # 60,000 numbers: means differ by spread / 245, deviations by 1 / 346 of themselves; times six.
    assert abs(mine.mean() - theirs.mean()) <= 6 * np.sqrt(2) * spread / 245
    np.testing.assert_allclose(mine.std(), spread, rtol=6 * np.sqrt(2) / 346)
    np.testing.assert_allclose(np.abs(mine).max(), np.abs(theirs).max(), rtol=0.25)


def test_to_categorical():
    for x in ([0, 2, 1], np.array([[1], [0]]), np.array([[1, 0], [2, 2]])):
        mine, theirs = ours.utils.to_categorical(x, 4), keras.utils.to_categorical(x, 4)
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype


def test_names_of_layers_and_models():
    assert network(ours).name.startswith("sequential")
    x, y = ours.Input((2,)), keras.Input((2,))
    assert ours.Model(x, ours.layers.Dense(1)(x)).name.startswith("functional")
    assert keras.Model(y, keras.layers.Dense(1)(y)).name.startswith("functional")


class Standing:
    """What a callback that stops training needs of a model."""

    def __init__(self):
        self.stop_training = False
        self.weights = 0

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


SETTINGS = [
    {},
    {"patience": 2},
    {"patience": 1, "min_delta": 0.2},
    {"patience": 2, "baseline": 0.5},
    {"patience": 1, "start_from_epoch": 3},
    {"patience": 2, "mode": "max", "restore_best_weights": True},
    {"patience": 3, "restore_best_weights": True, "baseline": 0.01},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_early_stopping(settings, rng):
    for values in rng.random((50, 12)):
        ends = []
        for library in (ours, keras):
            model = Standing()
            callback = library.callbacks.EarlyStopping(monitor="val_loss", **settings)
            callback.set_model(model)
            callback.on_train_begin()
            for epoch, value in enumerate(values):
                model.weights = epoch
                callback.on_epoch_end(epoch, {"val_loss": value})
                if model.stop_training:
                    break
            callback.on_train_end()
            ends.append((epoch, model.weights))
        assert ends[0] == ends[1], (values, settings)


def branches(library):
    """Layers that are made in one order, called in another and shared."""
    layers = library.layers
    first, second = (library.Input((6,), name=name) for name in ("first", "second"))
    late = layers.Dense(4, name="late")
    shared = layers.Dense(4, name="shared")
    short = layers.Dense(4, name="short")(second)
    a = shared(layers.Dense(6, name="before")(first))
    b = shared(second)
    joined = layers.Add(name="add")(
        [layers.Concatenate(name="join")([a, b]), layers.Dense(8)(first)]
    )
    z = late(layers.Concatenate(name="all")([short, joined]))
    return library.Model([first, second], {"z": z, "a": layers.Dense(2, name="head")(a)})


def residuals(library):
    layers = library.layers
    x = inputs = library.Input((8, 8, 3))
    for filters, strides in ((4, 1), (8, 2), (8, 1)):
        y = layers.Conv2D(filters, 3, strides, "same", name=f"first_{filters}_{strides}")(x)
        y = layers.BatchNormalization(name=f"norm_{filters}_{strides}")(y)
        y = layers.Conv2D(filters, 3, padding="same", name=f"second_{filters}_{strides}")(y)
        if strides == 2 or filters != x.shape[-1]:
            x = layers.Conv2D(filters, 1, strides, name=f"short_{filters}_{strides}")(x)
        x = layers.Add(name=f"add_{filters}_{strides}")([x, y])
    return library.Model(inputs, layers.GlobalAveragePooling2D(name="mean")(x))


@pytest.mark.parametrize("make", [branches, residuals])
def test_order_of_layers_and_weights(make):
    mine, theirs = make(ours), make(keras)
    assert [type(layer) for layer in mine.layers].count(ours.layers.InputLayer) == len(mine.inputs)
    numbered = ("dense", "input")
    names = [
        [layer.name for layer in model.layers if not layer.name.startswith(numbered)]
        for model in (mine, theirs)
    ]
    assert names[0] == names[1]
    assert [w.shape for w in mine.weights] == [tuple(w.shape) for w in theirs.weights]
    mine.set_weights(theirs.get_weights())
