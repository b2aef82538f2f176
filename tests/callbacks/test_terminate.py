"""TerminateOnNaN names the step and the layer; data with NaN is refused before it does harm."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import (
    Input,
    Model,
    Sequential,
    callbacks,
    initializers,
    layers,
    ops,
    optimizers,
)

X = np.linspace(-1, 1, 32, dtype=np.float32).reshape(16, 2)
Y = X[:, :1] * 2


class Root(layers.Layer):
    """The square root: NaN for what is negative, and an infinite slope at zero."""

    def call(self, x):
        return ops.sqrt(x)


def compiled(*stack, learning_rate=0.01):
    fastcnn.set_random_seed(0)
    model = Sequential([Input((2,)), *stack])
    model.compile(optimizers.SGD(learning_rate), "mse")
    return model


def report(model, capsys, x=X, y=Y, **settings):
    stop = callbacks.TerminateOnNaN()
    history = model.fit(
        x, y, batch_size=4, verbose=0, shuffle=False, callbacks=[stop], **{"epochs": 50} | settings
    )
    assert stop.report is not None
    assert stop.report + "\n" == capsys.readouterr().out
    return stop.report, history


def test_the_output_of_a_layer(capsys):
    first = layers.Dense(3, name="first", kernel_initializer="ones")
    model = compiled(
        first, Root(name="root"), layers.Dropout(0.1, seed=3), layers.Dense(1, name="last")
    )
    x = np.ones((16, 2), np.float32)
    x[9] = -5
    message, history = report(model, capsys, x, Y)
    assert message == (
        "Batch 2: Invalid loss, terminating training: in step 3 (epoch 1, batch 2) the output of "
        "layer 'root' is the first with NaN in 3 of 12 values"
    )
    assert history.epoch == [0]


def test_a_gradient_of_the_step_before(capsys):
    dense = layers.Dense(1, name="first", kernel_initializer="zeros")
    model = compiled(dense, Root(name="root"))
    message, _ = report(model, capsys)
    # sqrt(0) is fine, its slope is not: the loss shows it one step later.
    assert message.startswith("Batch 1: Invalid loss, terminating training: in step 1 (epoch 1")
    assert "gradient that layer 'root' passes back to layer 'first' is the first with" in message


def test_a_gradient_of_the_last_step_of_an_epoch(capsys):
    dense = layers.Dense(1, name="first", kernel_initializer="zeros")
    model = compiled(dense, Root(name="root"))
    message, _ = report(model, capsys, X[:4], Y[:4])
    assert message.startswith("Epoch 1: Invalid weights, terminating training: in step 1 (epoch 1")
    assert "the first with infinity in" in message


def test_steps_that_are_too_long(capsys):
    model = compiled(layers.Dense(8, name="a"), layers.Dense(1, name="b"), learning_rate=1e12)
    message, _ = report(model, capsys)
    assert "the output of layer" in message or "the loss is inf" in message or "update" in message


def test_infinite_data(capsys):
    x = X.copy()
    x[5, 1] = np.inf
    message, _ = report(compiled(layers.Dense(1)), capsys, x)
    assert "in step 2 (epoch 1, batch 1) x of the batch has infinity in 1 of 8 values" in message


def test_weights_that_were_invalid_before(capsys):
    model = compiled(layers.Dense(1, name="only"))
    model.set_weights([np.full((2, 1), np.nan, np.float32), np.zeros(1, np.float32)])
    message, _ = report(model, capsys)
    assert "in step 1 (epoch 1, batch 0) weight 'only/kernel' has NaN in 2 of 2" in message


def test_a_model_with_two_inputs(capsys):
    a, b = Input((2,), name="a"), Input((1,), name="b")
    out = layers.Add(name="add")([layers.Dense(1, name="dense")(a), Root(name="root")(b)])
    model = Model([a, b], out)
    model.compile("sgd", "mse")
    message, _ = report(model, capsys, [X, np.full((16, 1), -1, np.float32)], Y)
    assert "the output of layer 'root' is the first with NaN in 4 of 4" in message


def test_an_error_instead_of_an_end():
    stop = callbacks.TerminateOnNaN(raise_error=True)
    model = compiled(layers.Dense(1, kernel_initializer="ones"), Root(name="root"))
    with pytest.raises(RuntimeError, match="TerminateOnNaN: Batch 0: .*layer 'root'"):
        model.fit(X, Y, verbose=0, shuffle=False, callbacks=stop)


def test_silent_while_all_is_well():
    stop = callbacks.TerminateOnNaN()
    model = compiled(layers.Dense(1))
    assert len(model.fit(X, Y, epochs=3, verbose=0, callbacks=stop).epoch) == 3
    assert stop.report is None


@pytest.mark.parametrize(
    ("x", "y", "weight", "message"),
    [
        (
            "nan",
            "fine",
            None,
            r"x has NaN in 1 of the 4 examples of batch 0 \(epoch 1\).*axis=1\)",
        ),
        (
            "fine",
            "nan",
            None,
            r"labels are NaN or infinite in 1 of 16 examples, first in example 2",
        ),
        ("fine", "fine", "nan", r"sample_weight has NaN in 1 of .*np.isnan\(sample_weight\) finds"),
    ],
)
def test_data_with_nan_is_refused_before_it_does_harm(x, y, weight, message):
    spoiled = {"x": X.copy(), "y": Y.copy(), "w": np.ones(16, np.float32)}
    for name, how in (("x", x), ("y", y), ("w", weight)):
        if how == "nan":
            spoiled[name][2] = np.nan
    model = compiled(layers.Dense(1))
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.fit(
            spoiled["x"],
            spoiled["y"],
            sample_weight=None if weight is None else spoiled["w"],
            batch_size=4,
            shuffle=False,
            verbose=0,
        )
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_infinities_that_cancel_are_no_nan():
    x = X.copy()
    x[0], x[1] = np.float32(3e38), np.float32(-3e38)
    model = compiled(layers.Rescaling(1e-38), layers.Dense(1))
    model.fit(x, Y, verbose=0)


def test_the_regularizer_of_a_weight(capsys):
    # The root of a negative weight: the outputs are finite, the loss is not.
    def root(weight):
        return ops.sum(ops.sqrt(weight))

    dense = layers.Dense(
        1, name="first", kernel_initializer=initializers.Constant(-1.0), kernel_regularizer=root
    )
    message, _ = report(compiled(dense), capsys)
    assert message == (
        "Batch 0: Invalid loss, terminating training: in step 1 (epoch 1, batch 0) the regularizer "
        "of 'first/kernel' is nan, though the outputs of all layers are finite"
    )


def test_the_regularizer_of_an_output(capsys):
    def root(output):
        return ops.sum(ops.sqrt(ops.negative(ops.square(output))))

    dense = layers.Dense(1, name="first", activity_regularizer=root)
    message, _ = report(compiled(dense), capsys)
    assert "the activity_regularizer of layer 'first' is nan, though the outputs of all" in message


def test_a_gradient_that_only_a_regularizer_has(capsys):
    # The root of the sum of squares is 0 at 0, its slope is not a number there.
    def norm(weight):
        return ops.sqrt(ops.sum(ops.square(weight)))

    dense = layers.Dense(1, name="first", kernel_initializer="zeros", kernel_regularizer=norm)
    message, _ = report(compiled(dense), capsys)
    assert "the gradient of weight 'first/kernel' is the first with NaN in 2 of 2 values" in message
