"""What fit takes: arrays of any form and dtype, batches, generators, weights of examples."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Sequential, graph, layers, optimizers
from fastcnn.keras.utils import PyDataset, to_categorical
from training.small_models import assert_same_weights, classifier, images, pair


def misaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)
    raw[1:] = x.reshape(-1).view(np.uint8)
    return raw[1:].view(x.dtype).reshape(x.shape)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    "form",
    [
        lambda x, y: (x.astype(np.float64), y.astype(np.float64)),
        lambda x, y: (np.asfortranarray(x), y[:, 0]),
        lambda x, y: (x.astype(">f4"), y),
        lambda x, y: (x.tolist(), y.tolist()),
        lambda x, y: (np.repeat(x, 2, 0)[::2], y),
        lambda x, y: (misaligned(x), y),
        lambda x, y: (read_only(x), y),
    ],
)
def test_any_form_of_array_gives_the_same(line, linear, form, shuffle):
    a, b = pair(linear)
    a.fit(*line, epochs=2, shuffle=shuffle, verbose=0)
    b.fit(*form(*line), epochs=2, shuffle=shuffle, verbose=0)
    assert_same_weights(a, b)


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int16, np.int64, np.float16, np.float32, np.float64]
)
def test_images_of_any_dtype(dtype):
    x, y = images()
    a, b = pair(classifier)
    a.fit(x, y, verbose=0)
    b.fit(x.astype(dtype), y[:, None].astype(np.uint8), verbose=0)
    assert_same_weights(a, b)


def test_sparse_and_one_hot_labels_are_one_loss():
    x, y = images()
    a, b = pair(classifier)
    b.compile(optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])
    first = a.fit(x, y, epochs=3, verbose=0).history
    second = b.fit(x, to_categorical(y, 4), epochs=3, verbose=0).history
    for key, values in first.items():
        np.testing.assert_allclose(second[key], values, rtol=1e-5)


def test_mapped_files_are_read_batch_by_batch(tmp_path, line, linear):
    x, y = line
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    a, b = pair(lambda: linear("adam"))
    a.fit(x, y, batch_size=64, epochs=3, shuffle=False, verbose=0)
    b.fit(mapped, y, batch_size=64, epochs=3, shuffle=True, verbose=0)
    # One batch of everything in ascending order: shuffling must have changed nothing.
    assert_same_weights(a, b)


class Batches(PyDataset):
    def __init__(self, x, y, size=16):
        self.x, self.y, self.size = x, y, size
        self.epochs = 0

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, index):
        part = slice(index * self.size, (index + 1) * self.size)
        return self.x[part], self.y[part]

    def on_epoch_end(self):
        self.epochs += 1


def endless(x, y, size=16):
    while True:
        for start in range(0, len(x), size):
            yield x[start : start + size], y[start : start + size]


def test_sources_of_batches(line, linear):
    a, b = pair(linear)
    c, _ = pair(linear)
    c.set_weights(a.get_weights())
    batches = Batches(*line)
    a.fit(*line, batch_size=16, epochs=3, shuffle=False, verbose=0)
    b.fit(batches, epochs=3, shuffle=False, verbose=0)
    c.fit(endless(*line), steps_per_epoch=4, epochs=3, verbose=0)
    assert batches.epochs == 3
    assert_same_weights(a, b)
    assert_same_weights(a, c)
    np.testing.assert_array_equal(a.predict(line[0]), a.predict(batches))
    assert a.evaluate(*line, verbose=0) == pytest.approx(
        a.evaluate(endless(*line), steps=4, verbose=0)
    )


def test_generators_that_end_too_early(line, linear):
    model = linear()
    source = iter([line] * 3)
    with pytest.warns(UserWarning, match="ran out"):
        history = model.fit(source, steps_per_epoch=2, epochs=4, verbose=0)
    assert len(history.history["loss"]) == 2


def test_arrays_go_on_from_epoch_to_epoch_with_steps(line, linear):
    history = linear().fit(*line, batch_size=48, steps_per_epoch=3, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2


def test_validation(line, linear):
    x, y = line
    a, b = pair(linear)
    split = a.fit(x, y, validation_split=0.25, epochs=2, shuffle=False, verbose=0).history
    given = b.fit(
        x[:48], y[:48], validation_data=(x[48:], y[48:]), epochs=2, shuffle=False, verbose=0
    ).history
    assert split == given
    assert split["val_loss"][-1] == a.evaluate(x[48:], y[48:], verbose=0)
    rare = a.fit(x, y, validation_split=0.25, epochs=4, validation_freq=2, verbose=0).history
    assert len(rare["val_loss"]) == 2


def test_sample_weights_scale_the_loss(line, linear):
    x, y = line
    weights = np.linspace(0, 2, len(x))
    model = linear(metrics=["mse"], weighted_metrics=["mae"])
    error = y - model.predict(x)
    loss, plain, weighted = model.evaluate(x, y, sample_weight=weights, batch_size=64, verbose=0)
    np.testing.assert_allclose(loss, (weights * (error**2)[:, 0]).mean(), rtol=1e-5)
    np.testing.assert_allclose(plain, (error**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(weighted, np.average(abs(error[:, 0]), weights=weights), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:class_weight has nothing")
@pytest.mark.parametrize("one_hot", [False, True])
def test_class_weights_are_sample_weights(one_hot):
    x, y = images()
    labels = to_categorical(y, 4) if one_hot else y
    a, b = pair(
        lambda: classifier(
            "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
        )
    )
    a.fit(x, labels, class_weight={0: 3.0, 2: 0.5}, verbose=0)
    b.fit(x, labels, sample_weight=np.array([3.0, 1.0, 0.5, 1.0])[y], verbose=0)
    assert_same_weights(a, b)


def test_bytes_are_cast_only_for_layers_that_need_it():
    x, _ = images()
    for first in (layers.Rescaling(1 / 255), layers.Conv2D(2, 1)):
        model = Sequential([Input((6, 6, 3)), first])
        model.predict(x)
        with fastcnn.tracing():
            y = model(graph.placeholder(x.shape, "uint8"))
        assert y.dtype == np.float32
        np.testing.assert_allclose(model.predict(x), model.predict(x.astype("f")), rtol=1e-6)
