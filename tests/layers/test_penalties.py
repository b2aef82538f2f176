"""Regularizers and constraints: what they compute, where they act, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import constraints, layers, ops, regularizers

W = np.float32([[3, -0.5, 0], [4, 0.5, 0]])
EPSILON = 1e-7


@pytest.mark.parametrize(
    ("regularizer", "want"),
    [
        ("l1", 0.01 * 8),
        ("l2", 0.01 * 25.5),
        ("l1_l2", 0.0),
        (regularizers.L1L2(0.5, 0.1), 0.5 * 8 + 0.1 * 25.5),
        (regularizers.L1L2(None, 2), 51.0),
        # Between the rows: (12 - 0.25) / (|a| |b|).
        (regularizers.OrthogonalRegularizer(2.0), 2 * 11.75 / np.sqrt(9.25 * 16.25)),
        # Columns 0 and 1; the third is zeros.
        (regularizers.OrthogonalRegularizer(3.0, "columns"), 0.5 / 5 / np.sqrt(0.5)),
    ],
)
def test_penalties(regularizer, want):
    found = regularizers.get(regularizer)
    np.testing.assert_allclose(found(W), want, rtol=1e-5, atol=1e-7)
    again = regularizers.get({"class_name": type(found).__name__, "config": found.get_config()})
    np.testing.assert_array_equal(again(W), found(W))


@pytest.mark.parametrize(
    ("constraint", "want"),
    [
        ("non_neg", np.maximum(W, 0)),
        (constraints.MaxNorm(2), W * [2 / 5, 1, 1]),
        (constraints.MaxNorm(4, axis=[0, 1]), W * (4 / np.sqrt(25.5))),
        ("unit_norm", W / [5, np.sqrt(0.5), EPSILON]),
        (constraints.MinMaxNorm(1, 2), W * [2 / 5, 1 / np.sqrt(0.5), 1 / EPSILON]),
        (constraints.MinMaxNorm(0, 1, rate=0.5), W * [0.5 * (1 + 5) / 5, 1, 1]),
    ],
)
def test_constraints(constraint, want):
    found = constraints.get(constraint)
    np.testing.assert_allclose(found(W), want, rtol=1e-5, atol=1e-6)
    again = constraints.get({"class_name": type(found).__name__, "config": found.get_config()})
    np.testing.assert_array_equal(again(W), found(W))


def test_the_reported_loss_holds_all_penalties():
    model = fastcnn.Sequential(
        [
            fastcnn.Input((2,)),
            layers.Dense(3, kernel_regularizer="l1", bias_regularizer="l2",
                         activity_regularizer=regularizers.L2(0.5)),
            layers.Dense(1, kernel_regularizer="l2"),
        ]
    )  # fmt: skip
    model.layers[0].set_weights([W[:, :3], np.float32([1, 2, 3])])
    model.compile("sgd", "mse")
    x, y = np.float32([[1, 0], [0, 1], [1, 1], [2, 0]]), np.zeros((4, 1), np.float32)
    inner = x @ W + np.float32([1, 2, 3])
    last = model.layers[1].get_weights()[0]
    weights = 0.01 * 8 + 0.01 * 14 + 0.01 * (last**2).sum()
    np.testing.assert_allclose(sum(model.losses), weights, rtol=1e-5)
    want = ((inner @ last) ** 2).mean() + weights + 0.5 * (inner**2).sum() / 4
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), want, rtol=1e-5)
    history = model.fit(x, y, batch_size=4, verbose=0).history
    np.testing.assert_allclose(history["loss"], [want], rtol=1e-5)
    # What is not trained is not penalised.
    model.trainable = False
    assert model.losses == []


@pytest.mark.parametrize(
    "optimizer", ["sgd", "adam", "rmsprop", fastcnn.optimizers.GradientDescent(0.1)]
)
def test_constraints_hold_after_every_step(optimizer, rng):
    model = fastcnn.Sequential(
        [
            fastcnn.Input((4,)),
            layers.Dense(3, kernel_constraint=constraints.MaxNorm(0.5), bias_constraint="non_neg"),
            layers.BatchNormalization(gamma_constraint=constraints.MinMaxNorm(0.5, 0.7)),
            layers.Dense(1, kernel_constraint="unit_norm"),
        ]
    )
    model.compile(optimizer, "mse")
    x, y = rng.standard_normal((12, 4), np.float32), rng.standard_normal((12, 1), np.float32)
    before = model.get_weights()
    for _ in range(3):
        model.fit(x, y, batch_size=4, verbose=0)
        kernel, bias, gamma = model.get_weights()[:3]
        assert (np.linalg.norm(kernel, axis=0) <= 0.5 * (1 + 1e-6)).all()
        assert (bias >= 0).all()
        assert 0.5 * (1 - 1e-6) <= np.linalg.norm(gamma) <= 0.7 * (1 + 1e-6)
        np.testing.assert_allclose(np.linalg.norm(model.layers[2].get_weights()[0]), 1, rtol=1e-5)
    assert (kernel != before[0]).any()


def test_a_constraint_changes_no_other_number(rng):
    """Momentum and weights without a constraint are those of a run without any."""
    x, y = rng.standard_normal((8, 4), np.float32), rng.standard_normal((8, 1), np.float32)
    runs = []
    for constraint in (None, constraints.MaxNorm(1e6)):
        layer = layers.Dense(1, kernel_initializer="ones", kernel_constraint=constraint)
        model = fastcnn.Sequential([fastcnn.Input((4,)), layer])
        model.compile(fastcnn.optimizers.SGD(0.1, momentum=0.9), "mse")
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        runs.append(model.get_weights())
    for a, b in zip(*runs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_saved_and_loaded(tmp_path, rng):
    model = fastcnn.Sequential(
        [
            fastcnn.Input((4,)),
            layers.Dense(3, kernel_regularizer=regularizers.L1L2(0.1, 0.2),
                         activity_regularizer="l2", kernel_constraint=constraints.MaxNorm(0.5)),
            layers.BatchNormalization(beta_regularizer="l1", beta_constraint="non_neg"),
        ]
    )  # fmt: skip
    model.compile("sgd", "mse")
    x, y = rng.standard_normal((8, 4), np.float32), rng.standard_normal((8, 3), np.float32)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model")
    again = fastcnn.load(tmp_path / "model")
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    for each in (model, again):
        each.fit(x, y, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regularizers.L2(-1), "L2: l2 must be a finite number of at least 0, got -1"),
        (lambda: regularizers.L1(np.nan), "L1: l1 must be a finite number"),
        (lambda: regularizers.L1L2("a"), "L1L2: l1 must be a number"),
        (lambda: regularizers.OrthogonalRegularizer(mode="both"), "'rows' or 'columns'"),
        (lambda: regularizers.OrthogonalRegularizer()(np.ones(3, np.float32)), "takes a matrix"),
        (lambda: constraints.MaxNorm(-2), "MaxNorm: max_value must be a number of at least 0"),
        (lambda: constraints.MinMaxNorm(2, 1), "min_value=2 is above max_value=1"),
        (lambda: constraints.MinMaxNorm(rate=2), "rate must lie between 0 and 1"),
        (
            lambda: layers.Dense(2, kernel_regularizer="l3"),
            "unknown regularizer 'l3'; known: l1, l1_l2, l2",
        ),
        (
            lambda: layers.Dense(2, kernel_constraint="neg"),
            "unknown constraint 'neg'; did you mean 'non_neg'",
        ),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel_regularizer": ops.square}, r"regularizer of '.*kernel' must return a scalar"),
        ({"activity_regularizer": ops.square}, "activity_regularizer of layer .* scalar Tensor"),
        ({"kernel_constraint": ops.sum}, r"constraint of '.*kernel' must return a Tensor of shape"),
    ],
)
def test_functions_that_return_something_else(settings, message):
    with pytest.raises(ValueError, match=message):
        model = fastcnn.Sequential([fastcnn.Input((2,)), layers.Dense(2, **settings)])
        model.compile("sgd", "mse")
        model.fit(np.ones((2, 2)), np.ones((2, 2)), verbose=0)
