"""A layer that is used in several places is one layer again after saving, loading and cloning."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, Variable, keras, layers, losses, ops
from fastcnn.callbacks import ModelCheckpoint
from fastcnn.keras.models import clone_model
from fastcnn.saving.safetensors_file import read_file, write_file


def across_a_border():
    i, shared = Input((6,)), layers.Dense(6, name="shared")
    return Model(i, shared(Model(i, shared(i))(i)))


def encoder_and_autoencoder():
    x = Input((6,))
    encoder = Sequential([Input((6,)), layers.Dense(3, name="code")], name="encoder")
    decoder = Sequential([Input((3,)), layers.Dense(6)], name="decoder")
    autoencoder = Model(x, decoder(encoder(x)), name="autoencoder")
    y = Input((6,))
    return Model(y, [encoder(y), autoencoder(y)])


def features_reused():
    x = Input((6,))
    base = Model(x, layers.Dense(2)(layers.Dense(4, name="inner")(x)), name="base")
    features = Model(base.input, base.get_layer("inner").output, name="features")
    y = Input((6,))
    return Model(y, layers.Concatenate()([base(y), features(y)]))


def twice_in_a_stack():
    shared = layers.Dense(6, name="shared")
    return Sequential(
        [
            Input((6,)),
            Sequential([Input((6,)), shared], name="one"),
            Sequential([Input((6,)), shared, layers.ReLU()], name="two"),
        ]
    )


class Keeper(layers.Layer):
    """Takes a layer, and nothing else."""

    def __init__(self, inner, **settings):
        super().__init__(**settings)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


class Transposed(layers.Layer):
    """Uses the kernel of a layer the other way round."""

    def __init__(self, dense, **settings):
        super().__init__(**settings)
        self.dense = dense

    def build(self, input_shape):
        self.kernel = self.dense.kernel

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.kernel.tensor, (1, 0)))


class Wrapper(layers.Layer):
    """Takes a layer, and describes it."""

    def __init__(self, inner, **settings):
        super().__init__(**settings)
        self.inner = keras.layers.deserialize(inner) if isinstance(inner, dict) else inner

    def call(self, x):
        return self.inner(x)


def wrapped_and_used():
    x, shared = Input((6,)), layers.Dense(6, name="shared")
    return Model(x, layers.Add()([Wrapper(shared, name="wrapper")(x), shared(x)]))


def kept_and_used():
    x, shared = Input((6,)), layers.Dense(6, name="shared")
    return Model(x, Keeper(Sequential([shared], name="stack"), name="keeper")(shared(x)))


def tied_by_an_argument():
    x, dense = Input((6,)), layers.Dense(6, name="shared")
    return Model(x, Transposed(dense, name="transposed")(dense(x)))


def an_activation_with_weights():
    x, shared = Input((6,)), layers.PReLU(name="shared")
    return Model(x, layers.Dense(6, activation=shared, name="dense")(shared(x)))


class Around(Model):
    """A class of one's own that takes a model."""

    def __init__(self, base, **settings):
        super().__init__(**settings)
        self.base = base

    def call(self, x):
        return self.base(x)


def a_class_around_a_model():
    x = Input((6,))
    base = Sequential([Input((6,)), layers.Dense(6, name="shared")], name="base")
    return Model(x, layers.Add()([Around(base, name="around")(x), base(x)]))


MODELS = [
    *(across_a_border, encoder_and_autoencoder, features_reused, twice_in_a_stack),
    *(wrapped_and_used, kept_and_used, tied_by_an_argument, an_activation_with_weights),
    a_class_around_a_model,
]


def outputs(model, x):
    found = model.predict(x, verbose=0)
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("way", ["file", "clone", "config", "checkpoint"])
def test_shared_layers_stay_one(make, way, rng, tmp_path):
    model = make()
    x = rng.standard_normal((4, 6), np.float32)
    own = {kind.__name__: kind for kind in (Around, Keeper, Transposed, Wrapper)}
    path = tmp_path / "model.safetensors"
    if way == "file":
        model.save(path)
        again = fastcnn.load(path, custom_objects=own)
    elif way == "checkpoint":
        y = outputs(model, x)
        model.compile("sgd", "mse")
        model.fit(x, y if len(y) > 1 else y[0], callbacks=[ModelCheckpoint(path)], verbose=0)
        again = fastcnn.load(path, custom_objects=own)
    else:
        if way == "clone":
            again = clone_model(model)
        else:
            with fastcnn.keras.utils.custom_object_scope(own):
                again = type(model).from_config(json.loads(json.dumps(model.get_config())))
        again.set_weights(model.get_weights())
    assert [w.name for w in again.weights] == [w.name for w in model.weights]
    for got, want in zip(outputs(again, x), outputs(model, x), strict=True):
        np.testing.assert_array_equal(got, want)
    # They are one: what changes it in one place does so in all.
    for each in (model, again):
        each.weights[0].assign(each.weights[0].numpy() + 1)
    for got, want in zip(outputs(again, x), outputs(model, x), strict=True):
        np.testing.assert_array_equal(got, want)


def test_descriptions_without_shared_layers_are_as_before():
    text = json.dumps(Sequential([Input((3,)), layers.Dense(2)]).get_config())
    assert "shared" not in text


class Maker(layers.Layer):
    """Makes its own layer, and lets others have it."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.inner = layers.Dense(6, name="hidden_inside")

    def call(self, x):
        return self.inner(x)


def test_what_would_be_split_is_refused(tmp_path):
    x, maker = Input((6,)), Maker(name="maker")
    model = Model(x, maker.inner(maker(x)))
    with pytest.raises(ValueError, match="'hidden_inside' is used both by the model and inside 'm"):
        model.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())
    other = Maker(name="other")
    other.inner = maker.inner
    model = Model(x, other(maker(x)))
    with pytest.raises(ValueError, match="is used both by 'maker' and inside 'other', a Maker"):
        model.save(tmp_path / "model.safetensors")
    model.save_weights(tmp_path / "weights.safetensors")


def test_weights_from_elsewhere_are_refused(tmp_path):
    x = Input((6,))
    first, second = layers.Dense(6, name="first"), layers.Dense(6, name="second")
    model = Model(x, second(first(x)))
    second.kernel = first.kernel
    with pytest.raises(ValueError, match="'first/kernel' of layer 'second' is also one of 'first'"):
        model.save(tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="cannot save or copy"):
        clone_model(model)
    second.kernel = Variable(np.ones((6, 6), np.float32), name="new")
    with pytest.raises(ValueError, match="'new' of layer 'second' was not made by it"):
        model.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


class Perceptual(losses.Loss):
    """Compares what a layer makes of labels and predictions."""

    def __init__(self, layer, **settings):
        super().__init__(**settings)
        self.layer = layer

    def call(self, y_true, y_pred):
        return losses.mean_squared_error(self.layer(y_true), self.layer(y_pred))


def test_layers_of_losses(tmp_path):
    model = Sequential([Input((6,)), layers.Dense(6)])
    path, x = tmp_path / "model.safetensors", np.ones((2, 6), np.float32)
    model.compile("sgd", Perceptual(layers.ReLU()))
    expected = model.evaluate(x, x, verbose=0)
    model.save(path)
    again = fastcnn.load(path, custom_objects={"Perceptual": Perceptual})
    assert again.evaluate(x, x, verbose=0) == expected
    model.compile("sgd", Perceptual(layers.Dense(3, name="features")))
    model.evaluate(x, x, verbose=0)
    path = tmp_path / "other.safetensors"
    with pytest.raises(ValueError, match="a loss or metric holds layer 'features'"):
        model.save(path)
    assert not path.exists()


def test_a_clone_of_a_class_is_built(rng):
    model, x = Whole(), rng.standard_normal((2, 6), np.float32)
    y = model(x)
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(x), y)
    assert not clone_model(Whole()).built


class Whole(Model):
    """Shares a layer between parts that its constructor makes."""

    def __init__(self):
        super().__init__()
        self.encoder = layers.Dense(6)
        self.pipe = Sequential([self.encoder, layers.ReLU()])

    def call(self, x):
        return self.pipe(self.encoder(x))


def test_what_one_constructor_shares_is_saved(rng, tmp_path):
    model, x = Whole(), rng.standard_normal((2, 6), np.float32)
    y = model(x)
    model.save(tmp_path / "model.safetensors")
    again = fastcnn.load(tmp_path / "model.safetensors", custom_objects={"Whole": Whole})
    np.testing.assert_array_equal(again(x), y)


@pytest.mark.parametrize("number", [7, -1, "0", None, [0]])
def test_a_reference_to_nothing(number):
    config = across_a_border().get_config()
    config["layers"].append({"shared": number})
    with pytest.raises(ValueError, match="refers to object .* nothing before it describes"):
        Model.from_config(config)


def test_layers_of_losses_are_bounded(tmp_path):
    """Models inside models describe billions of calls in a few lines, in losses as anywhere."""
    x, y = Input((6,)), Input((6,))
    inner = Model(x, layers.ReLU()(x))
    doubled = keras.layers.serialize(Model(y, ops.add(inner(y), inner(y))))
    deep = doubled["config"]["layers"][0]
    for _ in range(30):
        config = {**doubled["config"], "layers": [deep, *doubled["config"]["layers"][1:]]}
        deep = {**doubled, "config": config}
    model = Sequential([Input((6,)), layers.Dense(6)])
    model.compile("sgd", Perceptual(layers.ReLU()))
    path = tmp_path / "model.safetensors"
    model.save(path)
    with read_file(path) as contents:
        description = contents.description
        arrays = dict(zip(contents.shapes, contents.arrays(list(contents.shapes)), strict=True))
    description["compile"]["loss"]["config"]["layer"] = deep
    write_file(path, description, arrays)
    with pytest.raises(ValueError, match="more calls of layers and operations than are allowed"):
        fastcnn.load(path, custom_objects={"Perceptual": Perceptual})
