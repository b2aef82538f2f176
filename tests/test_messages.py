"""Messages are a few lines long whatever was passed."""

import numpy as np
import pytest

import fastcnn
from fastcnn import activations, initializers, layers, losses, ops, runtime
from fastcnn.config import serialize
from fastcnn.messages import bounded, brief
from fastcnn.tree import flatten, map_structure

LONG = ["a" * 1000] * 100
INSIDE: list = []
INSIDE.append(INSIDE)


@pytest.mark.parametrize(
    "call",
    [
        lambda: layers.UpSampling2D([5] * 20_000),
        lambda: ops.dropout(np.ones(3, np.float32), LONG, 1),
        lambda: ops.max_pool(np.ones((1, 4, 4, 1), np.float32), [2] * 20_000),
        lambda: losses.MeanSquaredError(reduction=LONG),
        lambda: initializers.get("a" * 50_000),
        lambda: activations.get(LONG),
        lambda: layers.Reshape([3] * 20_000)(np.ones((1, 2), np.float32)),
        lambda: fastcnn.Input(LONG),
        lambda: fastcnn.set_random_seed(LONG),
        lambda: runtime.set_num_threads(10**400),
        lambda: runtime.set_isa(3),
    ],
)
def test_messages_are_bounded(call):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert 20 < len(str(caught.value)) < 2500
    assert "pybind11" not in str(caught.value)
    assert "incompatible function arguments" not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: flatten(INSIDE),
        lambda: map_structure(len, INSIDE),
        lambda: serialize(INSIDE),
        lambda: ops.exp(INSIDE),
        lambda: layers.Add()(INSIDE),
        lambda: losses.MeanSquaredError()(INSIDE, INSIDE),
    ],
)
def test_data_that_contains_itself_is_refused(call):
    with pytest.raises((TypeError, ValueError)):
        call()


def test_numbers_beyond_every_dtype_are_refused():
    with pytest.raises(ValueError, match="exp: numbers do not fit"):
        ops.exp(10**400)


def test_the_operation_that_was_called_is_named():
    x = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="^pad: the result would have shape"):
        ops.pad(x, ((0, 1 << 45), (0, 0)))
    for name in ("reshape", "transpose", "exp", "flatten"):
        settings = {"reshape": [(1,)], "transpose": [range(9)]}.get(name, [])
        with pytest.raises(ValueError, match=f"^{name}: x has rank 9, at most 8 works"):
            getattr(ops, name)(np.zeros((1,) * 9, np.float32), *settings)


def test_a_long_value_is_shortened_in_the_middle():
    assert brief("a" * 1000).startswith("'aaaa")
    assert len(brief(LONG)) < 2000

    @bounded
    def refuse(text):
        raise ValueError(text)

    with pytest.raises(ValueError, match=r"^begin.* \.\.\. .*end$"):
        refuse("begin" + "x" * 10_000 + "end")
