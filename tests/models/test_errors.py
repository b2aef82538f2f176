"""Classic mistakes, each with an error that names the fix."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import Input, Model, Sequential, layers


def images(extent=8, count=6):
    return np.zeros((count, extent, extent, 3), np.float32)


def classifier(extent=8, classes=4, activation="softmax"):
    return Sequential(
        [
            Input((extent, extent, 3)),
            layers.Conv2D(2, 3),
            layers.Flatten(),
            layers.Dense(classes, activation),
        ]
    )


def compiled(loss, **rest):
    model = classifier(**rest)
    model.compile("sgd", loss)
    return model


LABELS = np.array([0, 1, 2, 3, 0, 1])
ONE_HOT = np.eye(4, dtype=np.float32)[LABELS]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (images(16), r"resize the images to 8x8 pixels, or build .*Input\(\(16, 16, 3\)\)"),
        (images()[..., :1], r"1 channel and the model was built for 3; numpy.repeat\(x, 3, -1\)"),
        (images().transpose(0, 3, 1, 2), "moveaxis"),
        (images()[0], r"one example; a batch of one is x\[None\]"),
        (images()[..., 0], r"x\[..., None\]"),
        (images()[..., [0, 1, 2, 0]], r"4 channels .* x\[..., :3\] leaves out transparency"),
        (images().reshape(6, -1), r"another shape: numpy.reshape\(x, \(-1, 8, 8, 3\)\)"),
        (images()[:0], r"empty \(shapes \(0, 8, 8, 3\).*a slice or a wrong folder"),
        (images()[:0], "no examples"),
    ],
)
def test_inputs_that_do_not_fit(x, message):
    model = compiled("sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=message):
        model.fit(x, LABELS[: len(x)], verbose=0)
    with pytest.raises(ValueError, match=message):
        model.predict(x)


def test_integer_labels_with_categorical_crossentropy():
    for labels in (LABELS, LABELS[:, None]):
        with pytest.raises(ValueError, match="sparse_categorical_crossentropy.*to_categorical"):
            compiled("categorical_crossentropy").fit(images(), labels, verbose=0)


def test_one_hot_labels_with_sparse_crossentropy():
    with pytest.raises(ValueError, match="one-hot labels need loss='categorical_crossentropy'"):
        compiled("sparse_categorical_crossentropy").fit(images(), ONE_HOT, verbose=0)


@pytest.mark.parametrize("kind", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"])
def test_softmax_that_is_said_to_be_logits(kind):
    from fastcnn import losses

    labels = LABELS if kind.startswith("Sparse") else ONE_HOT
    with pytest.raises(ValueError, match="ends with softmax.*from_logits=True.*Drop activation"):
        compiled(getattr(losses, kind)(from_logits=True)).fit(images(), labels, verbose=0)


@pytest.mark.parametrize("labels", [LABELS + 1, LABELS - 1, LABELS.astype(float) + 1])
def test_labels_out_of_range(labels):
    model = compiled("sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="labels run from .* 4 classes"):
        model.fit(images(), labels, verbose=0)
    with pytest.raises(ValueError, match="labels run from"):
        model.fit(iter([(images(), labels)]), verbose=0)


def test_lengths_differ():
    with pytest.raises(ValueError, match=r"same number of examples, got \[6, 5\].*one label"):
        compiled("sparse_categorical_crossentropy").fit(images(), LABELS[:5], verbose=0)


def test_not_compiled():
    for call in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(RuntimeError, match=f"compiled before {call}"):
            getattr(classifier(), call)(images(), LABELS)


def test_no_loss():
    model = classifier()
    model.compile("sgd")
    with pytest.raises(ValueError, match="no loss"):
        model.fit(images(), LABELS, verbose=0)


def test_strings_are_no_images():
    model = Sequential([Input((2,)), layers.Dense(1)])
    for x in (np.array([["a", "b"]]), "abc", object(), np.ones((1, 2), complex)):
        with pytest.raises(TypeError, match="x: expected (an array of real )?numbers, got"):
            model.predict(x)
    with pytest.raises(ValueError, match="the single number 3"):
        model.predict(3)
    with pytest.raises(ValueError, match="x: the examples differ in shape"):
        model.predict([[1, 2], [3]])


def test_no_labels():
    model = compiled("sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="there are no labels"):
        model.fit(images(), verbose=0)


def test_labels_of_another_shape():
    model = compiled("mse")
    with pytest.raises(ValueError, match=r"labels of shape \(6, 3\) for outputs of shape \(6, 4\)"):
        model.fit(images(), np.ones((6, 3)), verbose=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"verbose": 3}, "verbose must be"),
        ({"validation_split": 1.5}, "between 0 and 1"),
        ({"validation_split": 0.999}, "leaves nothing to train"),
        ({"steps_per_epoch": 0}, "must be positive"),
        ({"callbacks": [print]}, "Callback objects"),
        (
            {"class_weight": dict.fromkeys(range(4), 1.0), "sample_weight": np.ones(5)},
            "same number|broadcast",
        ),
    ],
)
def test_wrong_arguments_of_fit(settings, message):
    model = compiled("sparse_categorical_crossentropy")
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(images(), LABELS, **{"verbose": 0} | settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "sdg"}, "unknown optimizer 'sdg'; .*known: .*sgd"),
        ({"loss": "crossentropy"}, "unknown loss 'crossentropy'; did you mean .*'categorical"),
        ({"loss": ["mse", "mse"]}, "the model has 1 outputs"),
        ({"loss": {"wrong": "mse"}}, "'wrong'.* are not outputs of the model"),
        ({"loss": "mse", "run_eagerly": True}, "run_eagerly=True is not supported"),
    ],
)
def test_wrong_arguments_of_compile(settings, message):
    with pytest.raises(ValueError, match=message):
        classifier().compile(**settings)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("train_step", "fastcnn.training_step"),
        ("test_step", "metrics="),
        ("predict_step", "call()"),
        ("compute_loss", "loss=...* a function"),
        ("compute_metrics", "metrics="),
    ],
)
def test_methods_that_would_never_be_called(name, instead):
    kind = type("Own", (Sequential,), {name: lambda self, *args, **rest: None})
    with pytest.raises(TypeError, match=rf"Own defines {name}\(\).*{instead}"):
        kind([Input((2,)), layers.Dense(1)]).compile("sgd", "mse")


@pytest.mark.parametrize("size", [0, -1, True])
def test_batches_of_nothing(size):
    with pytest.raises(ValueError, match="batch_size must be a positive integer"):
        classifier().predict(images(), batch_size=size)


def test_wrong_graphs():
    a, b = Input((2,), name="a"), Input((2,), name="b")
    with pytest.raises(ValueError, match="input 'b'.*not among inputs"):
        Model(a, layers.Add()([a, b]))
    with pytest.raises(TypeError, match="what Input"):
        Model(a, np.zeros(3))
    with pytest.raises(ValueError, match="both inputs and outputs"):
        Model(a)
    x = layers.Dense(2, name="same")(a)
    with pytest.raises(ValueError, match="several layers are called 'same'"):
        Model(a, layers.Dense(2, name="same")(x))


def test_wrong_stacks():
    with pytest.raises(TypeError, match="Sequential takes layers, got int"):
        Sequential([3])
    with pytest.raises(ValueError, match="must be the first"):
        Sequential([layers.Flatten(), Input((2,))])
    with pytest.raises(ValueError, match="has no layers"):
        Sequential().predict(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="no layer is called 'z'; there are"):
        classifier().get_layer("z")


def test_several_inputs_by_position_and_name():
    a, b = Input((2,), name="a"), Input((3,), name="b")
    model = Model([a, b], layers.Concatenate()([a, b]))
    x, y = np.ones((4, 2)), np.zeros((4, 3))
    assert model.predict([x, y]).shape == (4, 5)
    assert model.predict({"b": y, "a": x}).shape == (4, 5)
    with pytest.raises(ValueError, match="has 2 inputs"):
        model.predict(x)
    with pytest.raises(ValueError, match=r"inputs are \['a', 'b'\]"):
        model.predict({"a": x})


@pytest.mark.parametrize(
    ("weights", "labels", "message"),
    [
        ({"cat": 1.0}, LABELS, r"keys are class numbers.*got 'cat'; e.g. \{0: 1.0"),
        ({-1: 1.0}, LABELS, "keys are class numbers"),
        ({0: None}, LABELS, "weight of class 0 must be a number of 0 or more, got None"),
        ({0: -2}, LABELS, "weight of class 0 must be a number of 0 or more, got -2"),
        ({0: float("nan")}, LABELS, "weight of class 0"),
        ({7: 1.0}, ONE_HOT, "7 is none of the 4 classes, 0 to 3"),
        ({0: 1.0}, LABELS / 2, "have fractions"),
        ({0: 1.0}, np.zeros((6, 2, 2)), "more than one label per example.*sample_weight"),
    ],
)
def test_class_weights_that_cannot_be_meant(weights, labels, message):
    model = classifier()
    model.compile("sgd", "mse" if labels.ndim == 3 else "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=message):
        model.fit(images(), labels, class_weight=weights, verbose=0)


def test_classes_without_a_weight_are_named():
    model = compiled("sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match=r"nothing for the classes \[2, 3\].*count 1.0"):
        model.fit(images(), LABELS, class_weight={0: 1.0, 1: 5.0}, verbose=0)


def test_data_with_nan_in_a_single_step():
    x = images()
    x[2, 0, 0, 0] = np.nan
    model = compiled("sparse_categorical_crossentropy")
    message = (
        r"train_on_batch: x has NaN in 1 of the 6 examples, .*np.isnan\(x\).any\(axis=\(1, 2, 3\)\)"
    )
    with pytest.raises(ValueError, match=message):
        model.train_on_batch(x, LABELS)


def test_a_loss_that_is_no_number_is_noticed():
    x = images()
    x[2] = np.inf
    with pytest.warns(UserWarning, match="loss of epoch 1 is nan: .* add callbacks.TerminateOnNaN"):
        compiled("sparse_categorical_crossentropy").fit(x, LABELS, verbose=0)


def test_nothing_to_measure_or_predict():
    model = compiled("sparse_categorical_crossentropy")
    for call in (model.evaluate, model.predict):
        with pytest.raises(ValueError, match="there are no batches to .*make a new one"):
            call(iter([]), verbose=0)
