"""Arrays of other libraries as data, and what is said of values that are not numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import Variable, layers, losses, metrics, ops, tracing
from fastcnn.graph import placeholder
from fastcnn.graph.array_like import as_array
from fastcnn.keras.utils import normalize, to_categorical
from fastcnn.ops.common import public_operation
from training.small_models import assert_same_weights, pair


class Tensor:
    """What counts here of a tensor of PyTorch that requires gradients."""

    requires_grad = True
    dtype = "torch.float32"

    def __init__(self, array):
        self.array = np.asarray(array, np.float32)
        self.shape, self.ndim = self.array.shape, self.array.ndim

    def __len__(self):
        return len(self.array)

    def __getitem__(self, rows):
        return Tensor(self.array[rows])

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    def detach(self):
        return self

    def numpy(self, *, force=False):
        return self.array if force else self.__array__()


class DLPack:
    """Knows DLPack alone."""

    def __init__(self, array):
        self.array = np.asarray(array)

    def __dlpack__(self, **settings):
        return self.array.__dlpack__(**settings)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Interface:
    """Knows NumPy's protocol alone."""

    def __init__(self, array):
        self.array = array
        self.__array_interface__ = array.__array_interface__


def torch_tensor(array):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    return torch.from_numpy(np.array(array)).requires_grad_()


def listed(array):
    return [Tensor(row) for row in array]


forms = pytest.mark.parametrize("form", [Tensor, torch_tensor, DLPack, Interface, listed])


@forms
def test_data_of_models(form, line, linear):
    x, y = line
    weights = np.linspace(0, 1, 64, dtype=np.float32)
    first, second = pair(linear)
    expected = first.fit(x, y, sample_weight=weights, validation_split=0.25, verbose=0).history
    given = [form(value) for value in (x, y)]
    weight = form(weights) if form is not listed else weights
    history = second.fit(*given, sample_weight=weight, validation_split=0.25, verbose=0).history
    assert history == expected
    assert_same_weights(first, second)
    second.fit(*given, validation_data=tuple(given), verbose=0)
    first.fit(x, y, verbose=0)
    assert second.evaluate(*given, verbose=0) == first.evaluate(x, y, verbose=0)
    for predict in (second.predict, second.predict_on_batch):
        np.testing.assert_array_equal(predict(form(x)), first.predict(x))
    assert second.train_on_batch(*given) == first.train_on_batch(x, y)


@forms
def test_other_places_for_arrays(form, line, linear):
    x, y = line
    model = linear()
    kernel, bias = np.ones((3, 1), np.float32), np.zeros(1, np.float32)
    model.set_weights([form(kernel), form(bias)] if form is not listed else [kernel, bias])
    model.weights[0].assign(form(2 * kernel))
    np.testing.assert_array_equal(model.weights[0].numpy(), 2 * kernel)
    if form is not listed:  # a list is several inputs
        np.testing.assert_array_equal(model(form(x)), model(x))
    np.testing.assert_array_equal(
        losses.MeanSquaredError()(form(y), form(y + 1)), losses.MeanSquaredError()(y, y + 1)
    )
    metric = metrics.MeanAbsoluteError()
    metric.update_state(form(y), form(y + 1))
    assert metric.result() == pytest.approx(1, rel=1e-5)
    mean = metrics.Mean()
    mean.update_state(form(np.array([1.0, 3.0], np.float32)))
    assert mean.result() == 2
    if form is not listed:  # a list is several batches
        normalization, same = layers.Normalization(), layers.Normalization()
        normalization.adapt(form(x))
        same.adapt(x)
        assert_same_weights(normalization, same)
    np.testing.assert_array_equal(normalize(form(x)), normalize(x))
    numbers = np.array([0, 2], np.float32)
    np.testing.assert_array_equal(to_categorical(form(numbers)), np.eye(3)[[0, 2]])


@pytest.mark.parametrize("form", [Tensor, torch_tensor, DLPack, Interface])
def test_operands(form, line):
    x, _ = line
    np.testing.assert_array_equal(ops.relu(form(x)), ops.relu(x))
    before = len(public_operation._cache)
    for shift in range(3):  # data, not constants of three Programs
        np.testing.assert_array_equal(
            ops.concatenate([form(x + shift), x], axis=0), np.concatenate([x + shift, x])
        )
    assert len(public_operation._cache) <= before + 1
    np.testing.assert_array_equal(ops.add(x, form(x)), 2 * x)
    variable = Variable(form(x))
    np.testing.assert_array_equal(variable.numpy(), x)
    with tracing():
        assert ops.add(placeholder(x.shape, "float32"), form(x)).dtype == np.float32


def test_operands_of_other_dtypes():
    assert ops.relu(DLPack(np.ones(2))).dtype == np.float32
    np.testing.assert_array_equal(ops.one_hot(DLPack(np.array([1, 0])), 2), np.eye(2)[[1, 0]])


def test_memory_is_shared():
    array = np.zeros(3, np.float32)
    assert as_array(array) is array
    assert as_array(Tensor(array)) is array
    assert np.shares_memory(as_array(DLPack(array)), array)


def test_what_torch_alone_knows():
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    assert as_array(torch.ones(2, dtype=torch.bfloat16)).dtype == np.float32
    assert as_array([torch.ones(2), torch.ones(2)]).shape == (2, 2)
    with pytest.raises(ValueError, match="same shape"):
        as_array([torch.ones(2), torch.ones(3)])


NUMBERED = r"names, y = numpy.unique\(y, return_inverse=True\)"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["cat"] * 64, rf"y: expected numbers, got texts such as 'cat': {NUMBERED}"),
        (np.array(["cat", "dog"] * 32), NUMBERED),
        (np.array(["cat", "dog"] * 32, object), NUMBERED),
        ([[name] for name in ["cat", "dog"] * 32], NUMBERED),
        ([b"cat"] * 64, rf"such as b'cat': {NUMBERED}"),
        ([1.0, None] * 32, "with None in it: fill in what is missing"),
        (np.array([1.0] * 64, object), r"such as float; numbers go by .astype\('float32'\)"),
    ],
)
def test_labels_that_are_not_numbers(labels, message, line, linear):
    x, y = line
    model = linear()
    with pytest.raises(TypeError, match=message):
        model.fit(x, labels, verbose=0)
    with pytest.raises(TypeError, match=message):
        model.evaluate(x, labels, verbose=0)
    with pytest.raises(TypeError, match=message):
        model.train_on_batch(x, labels)
    with pytest.raises(TypeError, match=f"validation_data: .*{message}"):
        model.fit(x, y, validation_data=(x, labels), verbose=0)
    with pytest.raises(TypeError, match=message):
        model.fit(x, labels, validation_split=0.5, verbose=0)


def test_inputs_that_are_not_numbers(line, linear):
    with pytest.raises(TypeError, match="x: expected numbers, got texts such as 'a'$"):
        linear().predict(["a", "b"])
    sparse = pytest.importorskip("scipy.sparse", reason="needs SciPy")
    with pytest.raises(TypeError, match=r"x\.toarray\(\) makes one of a sparse matrix"):
        linear().predict(sparse.csr_matrix(line[0]))
    with pytest.raises(TypeError, match=r"to_categorical: .*numpy.unique\(x, return_inverse"):
        to_categorical(["cat"])
