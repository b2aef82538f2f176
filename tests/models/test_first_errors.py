"""What a beginner meets first, with models of sequences, images and volumes."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, layers, losses

KINDS = {
    "sequence": ((16, 3), layers.Conv1D),
    "image": ((8, 8, 3), layers.Conv2D),
    "volume": ((6, 6, 6, 3), layers.Conv3D),
}
LABELS = np.array([0, 1, 2, 3, 0, 1])


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def model(kind, activation="softmax", loss="sparse_categorical_crossentropy", units=4):
    shape, convolution = KINDS[kind]
    made = Sequential(
        [Input(shape), convolution(2, 3), layers.Flatten(), layers.Dense(units, activation)]
    )
    made.compile("sgd", loss)
    return made


def data(kind):
    return np.random.default_rng(0).random((6, *KINDS[kind][0])).astype(np.float32)


WORDS = {
    "sequence": ("sequences need three axes", "the sequences have", "cut or pad .* 16 steps"),
    "image": ("images need four axes", "the images have", "resize the images to 8x8 pixels"),
    "volume": ("volumes need five axes", "the volumes have", "resize .* to 6x6x6 voxels"),
}


def test_shapes(kind):
    x = data(kind)
    rank, channels, size = WORDS[kind]
    for wrong, message in [
        (x[0], r"one example; a batch of one is x\[None\]"),
        (x[..., 0], rank + r".*x\[..., None\]"),
        (x[..., :1], channels + " 1 channel and the model was built for 3"),
        (np.moveaxis(x, -1, 1), r"channels go last: numpy.moveaxis\(x, 1, -1\)"),
        (np.concatenate([x, x], 1), size),
        (x.reshape(6, -1), r"another shape: numpy.reshape\(x, \(-1, "),
        ([], "x: there are no examples: the list is empty"),
    ]:
        with pytest.raises(ValueError, match=message):
            model(kind).fit(wrong, LABELS, verbose=0)
        with pytest.raises(ValueError, match=message):
            model(kind).predict(wrong)


def test_a_layer_keeps_its_channels(kind):
    layer = KINDS[kind][1](2, 3)
    layer(data(kind))
    with pytest.raises(ValueError, match="x has 1 channels but .* expects 3; .*another layer"):
        layer(data(kind)[..., :1])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS + 1, "run from 1 to 4, .* 0 to 3. Renumber .*, or give the last layer 5 units"),
        (LABELS - 1, "run from -1 to 2, .* or say ignore_class=-1"),
        (LABELS + 0.5, "labels have fractions, such as 0.5: they must be class numbers, 0 to 3"),
        (np.where(LABELS == 3, np.nan, LABELS), "NaN or infinite in 1 of 6 .* in example 3"),
        (LABELS[:5], r"same number of examples, got \[6, 5\]"),
        (np.eye(4)[LABELS], "one-hot labels need loss='categorical_crossentropy'"),
    ],
)
def test_labels(kind, labels, message):
    with pytest.raises(ValueError, match=message):
        model(kind).fit(data(kind), labels, verbose=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample_weight": np.ones(5)}, r"got \[6, 6, 5\].*one weight if any"),
        (
            {"sample_weight": np.ones((6, 3))},
            r"sample_weight of shape \(6, 3\) does not fit .* one number for each .*\(6,\)",
        ),
        ({"sample_weight": [1, 1, np.nan, 1, 1, 1]}, "sample_weight has NaN in 1 of the 6"),
        ({"class_weight": [1.0, 2.0]}, r"class_weight: expected a dict .*dict\(enumerate"),
    ],
)
def test_weights(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        model(kind).fit(data(kind), LABELS, verbose=0, **settings)


@pytest.mark.parametrize(
    ("activation", "units", "loss", "labels"),
    [
        ("softmax", 4, losses.SparseCategoricalCrossentropy, LABELS),
        ("softmax", 4, losses.CategoricalCrossentropy, np.eye(4)[LABELS]),
        ("sigmoid", 1, losses.BinaryCrossentropy, LABELS % 2),
    ],
)
def test_logits(kind, activation, units, loss, labels):
    x = data(kind)
    with pytest.raises(ValueError, match=f"ends with {activation}, but .*from_logits=True"):
        model(kind, activation, loss(from_logits=True), units).fit(x, labels, verbose=0)
    message = f"takes probabilities, .* without an activation.*activation='{activation}'"
    with pytest.warns(UserWarning, match=message):
        model(kind, None, loss(), units).fit(x, labels, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(kind, None, loss(from_logits=True), units).fit(x, labels, verbose=0)
        model(kind, activation, loss(), units).fit(x, labels, verbose=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adamm"}, "unknown optimizer 'adamm'; did you mean 'adam'"),
        ({"optimizer": "Adam W"}, "did you mean 'adamw'"),
        ({"loss": "sparse_categorical_crossentopy"}, "mean 'sparse_categorical_crossentropy' or"),
        ({"loss": "crossentropy"}, "did you mean 'binary_crossentropy' or"),
        ({"metrics": ["acuracy"]}, "unknown metric 'acuracy'; did you mean 'accuracy'"),
        ({"metrics": {"dense": ["f1"]}}, "did you mean 'f1_score'"),
        ({"weighted_metrics": "presicion"}, "did you mean 'precision'"),
    ],
)
def test_names_are_checked_by_compile_and_guessed(settings, message):
    made = Sequential([Input((2,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=message):
        made.compile(**{"loss": "mse"} | settings)
    with pytest.raises(ValueError, match="'xyzzy'; known"):
        made.compile("xyzzy")


def test_two_inputs():
    a, b = Input((4,), name="left"), Input((5,), name="right")
    made = Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
    x, y = np.ones((6, 4), np.float32), np.ones((6, 5), np.float32)
    for given, message in [
        ([y, x], "arrays in a list are taken in the order (left, right), a dict by name"),
        ([x, y, y], "has 2 inputs (left, right); give a list of 2 arrays or a dict by name, got 3"),
        ({"left": x, "rihgt": y}, "inputs are ['left', 'right'], the dict has ['left', 'rihgt']"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            made.predict(given)
    with pytest.raises(TypeError, match="x: there is a dict inside a list; pass one dict"):
        made.predict([{"left": x}, {"right": y}])
    with pytest.raises(ValueError, match=r"the dict has \['left'\]: \['right'\] must be there too"):
        made({"left": x})
    with pytest.raises(ValueError, match=r"2 inputs \(left, right\), got 1: pass a list in that"):
        made(x)


def test_nothing_was_learnt():
    """Errors come before any weight has changed."""
    made = model("sequence")
    before = made.get_weights()
    x = data("sequence")
    for wrong_x, wrong_y in [(x[..., :1], LABELS), (x, LABELS + 1), (x * np.nan, LABELS)]:
        with pytest.raises(ValueError):
            made.fit(wrong_x, wrong_y, verbose=0)
    for old, new in zip(before, made.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: fastcnn.optimizers.Adam(lr=0.1),
            r"Adam\(\) has no argument 'lr'; did you mean 'l",
        ),
        (lambda m: m.fit(nb_epoch=3), r"Sequential\.fit\(\) has no .*; did you mean 'epochs'\?"),
        (lambda m: layers.Conv2D(filter=3, kernel_size=3), r"Conv2D\(\) .* did you mean 'filters'"),
        (lambda m: layers.Dense(3, bias=False), r"Dense\(\) .* did you mean 'use_bias'"),
        (lambda m: layers.ReLU(quantum=1), r"'quantum'; it takes max_value, negative_slope, thr"),
        (lambda m: fastcnn.callbacks.EarlyStopping(patient=3), r"EarlyStopping\(\) .*'patience'"),
        (lambda m: fastcnn.metrics.Recall(treshold=1), r"Recall\(\) .* did you mean 'thresholds'"),
        (
            lambda m: fastcnn.ops.relu(np.ones(2, np.float32), inplace=True),
            r"relu\(\) has no argument",
        ),
        (
            lambda m: fastcnn.load("x", costum_objects={}),
            r"load\(\) .* did you mean 'custom_objects'",
        ),
        (lambda m: fastcnn.applications.LeNet5(num_classes=3), r"LeNet5\(\) .* mean 'classes'"),
        (lambda m: fastcnn.keras.utils.to_categorical([1], classes=3), "mean 'num_classes'"),
        (lambda m: fastcnn.keras.models.clone_model(m, clone_fn=len), "mean 'clone_function'"),
        (lambda m: fastcnn.datasets.image_folder.load("x", img_size=3), "mean 'image_size'"),
        (lambda m: Mine(3, nmae="x"), r"Mine\(\) has no argument 'nmae'; did you mean 'name'"),
    ],
)
def test_arguments_that_are_not_there(call, message):
    with pytest.raises(TypeError, match=message):
        call(Sequential([Input((2,)), layers.Dense(1)]))


class Mine(layers.Layer):
    def __init__(self, size, **settings):
        super().__init__(**settings)
        self.size = size


def test_errors_inside_a_call_are_left_alone():
    def broken(y_true, y_pred):
        return broken(y_true, y_pred, extra=1)

    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", broken)
    with pytest.raises(TypeError, match=r"broken\(\) got an unexpected keyword argument 'extra'"):
        model.fit(np.zeros((2, 2)), np.zeros((2, 1)), verbose=0)


@pytest.mark.parametrize(
    ("loss", "labels"),
    [("sparse_categorical_crossentropy", np.zeros(4, int)), ("categorical_crossentropy", np.eye(4)),
     ("mse", np.zeros((4, 4)))],
)  # fmt: skip
def test_a_forgotten_flatten(loss, labels):
    model = Sequential([Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Dense(4)])
    model.compile("sgd", loss)
    with pytest.raises(ValueError, match=r"put Flatten\(\) or GlobalAveragePooling2D\(\) before"):
        model.fit(np.zeros((4, 8, 8, 3)), labels, verbose=0)


def test_softmax_of_one_number():
    with pytest.warns(UserWarning, match=r"gives 1 whatever comes in.*sigmoid") as caught:
        layers.Dense(1, "softmax")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "make",
    [lambda name: layers.Dense(2, name=name), lambda name: fastcnn.optimizers.SGD(name=name),
     lambda name: fastcnn.metrics.Mean(name=name), lambda name: losses.Huber(name=name),
     lambda name: Sequential([layers.Dense(2)], name=name)],
)  # fmt: skip
def test_names_are_texts(make):
    endless = []
    endless.append(endless)
    for name in (3, endless):
        with pytest.raises(ValueError, match=r"\w+: name must be a string, got (int|list)"):
            make(name)


@pytest.mark.parametrize("method", ["save", "save_weights"])
def test_names_of_other_formats(method, tmp_path):
    model = Sequential([Input((2,)), layers.Dense(1)])
    with pytest.warns(UserWarning, match=r"model.h5' is written in fastcnn's format") as caught:
        getattr(model, method)(tmp_path / "model.h5")
    assert caught[0].filename == __file__


def test_a_letter_is_no_near_miss():
    with pytest.raises(ValueError, match="unknown layer 'S'; known: .*Pass one of your own"):
        Sequential.from_config({"name": "m", "input": None,
                                "layers": [{"class_name": "S", "config": {}}]})  # fmt: skip
