"""Optimizers against their formulas in float64, and what they share."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, layers, ops, optimizers, schedules
from fastcnn.graph.variable import Variable

STEPS = 6


def gradients(rng):
    return rng.standard_normal((STEPS, 5)).astype(np.float32)


def follow(optimizer, start, drawn, name="variable"):
    """The values of a Variable whose gradient in each step is given."""
    variable = Variable(start, name=name)
    slope = graph.placeholder(start.shape)
    loss = ops.sum(ops.multiply(variable.tensor, slope))
    step = fastcnn.training_step(loss, [variable], optimizer, inputs=[slope])
    for gradient in drawn:
        step(gradient)
    return variable.numpy()


def sgd(w, drawn, rate, momentum=0.0, nesterov=False):
    v = np.zeros_like(w)
    for g in drawn:
        v = momentum * v - rate * g
        w = w + (momentum * v - rate * g if nesterov else v)
    return w


def adam(w, drawn, rate=1e-3, b1=0.9, b2=0.999, epsilon=1e-7, decay=0.0, amsgrad=False):
    m = v = most = np.zeros_like(w)
    for t, g in enumerate(drawn, 1):
        w = w - w * rate * decay
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        most = np.maximum(most, v) if amsgrad else v
        w = w - rate * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(most) + epsilon)
    return w


def rmsprop(w, drawn, rate=1e-3, rho=0.9, epsilon=1e-7):
    v = np.zeros_like(w)
    for g in drawn:
        v = rho * v + (1 - rho) * g * g
        w = w - rate * g / np.sqrt(v + epsilon)
    return w


def lion(w, drawn, rate=1e-3, b1=0.9, b2=0.99):
    m = np.zeros_like(w)
    for g in drawn:
        w = w - rate * np.sign(b1 * m + (1 - b1) * g)
        m = b2 * m + (1 - b2) * g
    return w


CASES = [
    (optimizers.GradientDescent(0.3), lambda w, g: sgd(w, g, 0.3)),
    (optimizers.SGD(), lambda w, g: sgd(w, g, 0.01)),
    (optimizers.SGD(0.1, 0.9), lambda w, g: sgd(w, g, 0.1, 0.9)),
    (optimizers.SGD(0.1, 0.9, True), lambda w, g: sgd(w, g, 0.1, 0.9, True)),
    (optimizers.SGD(0.1, clipvalue=0.5), lambda w, g: sgd(w, g.clip(-0.5, 0.5), 0.1)),
    (
        optimizers.SGD(0.1, clipnorm=1.0),
        lambda w, g: sgd(w, g / np.linalg.norm(g, axis=1, keepdims=True).clip(1), 0.1),
    ),
    (optimizers.SGD(0.1, loss_scale_factor=8.0), lambda w, g: sgd(w, g, 0.1)),
    (
        optimizers.SGD(0.1, gradient_accumulation_steps=3),
        lambda w, g: sgd(w, g.reshape(2, 3, -1).mean(1), 0.1),
    ),
    (
        optimizers.SGD(0.1, learning_rate_multipliers={"head": 9.0, "^var": 2.0}),
        lambda w, g: sgd(w, g, 0.2),
    ),
    (optimizers.Adam(), adam),
    (optimizers.Adam(0.1, 0.5, 0.7, 1e-2), lambda w, g: adam(w, g, 0.1, 0.5, 0.7, 1e-2)),
    (optimizers.Adam(0.1, amsgrad=True), lambda w, g: adam(w, g, 0.1, amsgrad=True)),
    (optimizers.AdamW(0.1), lambda w, g: adam(w, g, 0.1, decay=0.004)),
    (optimizers.RMSprop(), rmsprop),
    (optimizers.Lion(), lion),
]


@pytest.mark.parametrize(("optimizer", "formula"), CASES)
@pytest.mark.filterwarnings("ignore:.*is found in the name of no trained weight")
def test_formulas(optimizer, formula, rng):
    start, drawn = rng.standard_normal(5).astype(np.float32), gradients(rng)
    again = type(optimizer).from_config(json.loads(json.dumps(optimizer.get_config())))
    want = formula(start.astype(np.float64), drawn.astype(np.float64))
    # About ten roundings a step, each of the size of the value or of the step.
    bound = 10 * STEPS * np.finfo(np.float32).eps * (1 + np.abs(want))
    for each in (optimizer, again):
        assert (np.abs(follow(each, start, drawn) - want) <= bound).all()
        assert each.iterations == STEPS


@pytest.mark.parametrize("name", [n for n in optimizers.__all__ if n[0].isupper()])
def test_names_and_configurations(name):
    kind = getattr(optimizers, name)
    if kind is optimizers.Optimizer:
        return
    optimizer = kind(schedules.CosineDecay(0.1, 10))
    assert type(optimizers.get(name.lower() if name != "GradientDescent" else name)) is kind
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert again.get_config() == optimizer.get_config()
    assert again.learning_rate == optimizer.learning_rate


def test_norm_of_all_gradients_together():
    a, b = Variable(np.zeros(2, np.float32)), Variable(np.zeros(1, np.float32))
    loss = ops.sum(ops.multiply(a.tensor, np.array([3.0, 0.0], np.float32)))
    loss = ops.add(loss, ops.multiply(ops.sum(b.tensor), 4.0))
    step = fastcnn.training_step(loss, [a, b], optimizers.SGD(1.0, global_clipnorm=1.0), inputs=[])
    step()
    np.testing.assert_allclose(a.numpy(), [-0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(b.numpy(), [-0.8], rtol=1e-6)


def test_schedules_are_asked_before_each_step(rng):
    drawn = gradients(rng)
    got = follow(optimizers.SGD(lambda step: 1.0 / (step + 1)), np.zeros(5, np.float32), drawn)
    want = -sum(g / (i + 1) for i, g in enumerate(drawn))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_averages_take_the_weights_place_at_the_end(rng):
    drawn = gradients(rng)
    optimizer = optimizers.SGD(0.1, use_ema=True, ema_momentum=0.6)
    variable = Variable(np.zeros(5, np.float32))
    slope = graph.placeholder((5,))
    loss = ops.sum(ops.multiply(variable.tensor, slope))
    step = fastcnn.training_step(loss, [variable], optimizer, inputs=[slope])
    average = None
    for gradient in drawn:
        step(gradient)
        w = variable.numpy().astype(np.float64)
        average = w if average is None else 0.6 * average + 0.4 * w
    np.testing.assert_array_equal(variable.numpy(), w.astype(np.float32))
    optimizer.finalize_variable_values([variable])
    np.testing.assert_allclose(variable.numpy(), average, rtol=1e-5, atol=1e-6)


def test_a_constrained_weight_waits_as_others_do(rng):
    """Constraints take the results of the step, which then lie elsewhere than the Variables."""
    start, drawn = rng.standard_normal(5).astype(np.float32), gradients(rng)
    found = []
    for constraint in (None, fastcnn.constraints.MaxNorm(1e6)):
        variable = Variable(start)
        variable.constraint = constraint
        slope = graph.placeholder((5,))
        loss = ops.sum(ops.multiply(variable.tensor, slope))
        optimizer = optimizers.Adam(0.1, gradient_accumulation_steps=4)
        step = fastcnn.training_step(loss, [variable], optimizer, inputs=[slope])
        for gradient in drawn:
            step(gradient)
        found.append([v.numpy() for v in (variable, *optimizer.state(variable))])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_a_multiplier_of_zero_freezes(rng):
    start, drawn = rng.standard_normal(5).astype(np.float32), gradients(rng)
    optimizer = optimizers.AdamW(0.1, learning_rate_multipliers={"^body/": 0.0})
    np.testing.assert_array_equal(follow(optimizer, start, drawn, "body/kernel"), start)


def test_a_multiplier_for_nobody_is_told():
    optimizer = optimizers.SGD(learning_rate_multipliers={"haed": 0.1})
    with pytest.warns(UserWarning, match="'haed' is found in the name of no trained weight"):
        follow(optimizer, np.zeros(2, np.float32), [])


def test_excluded_from_weight_decay(rng):
    ones = np.ones(3, np.float32)
    kernel, bias = Variable(ones, name="d/kernel"), Variable(ones, name="d/bias")
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    loss = ops.multiply(ops.sum(ops.add(kernel.tensor, bias.tensor)), 0.0)
    fastcnn.training_step(loss, [kernel, bias], optimizer, inputs=[])()
    np.testing.assert_array_equal(kernel.numpy(), 0.75)
    np.testing.assert_array_equal(bias.numpy(), 1.0)
    with pytest.raises(ValueError, match="must be called before the first step"):
        optimizer.exclude_from_weight_decay(var_list=[kernel])


@pytest.mark.parametrize("shape", [(3, 8), (8, 3), (5, 5)])
def test_muon_steps_along_orthogonal_matrices(shape, rng):
    drawn = rng.standard_normal((1, *shape)).astype(np.float32)
    optimizer = optimizers.Muon(1.0, weight_decay=None, rms_rate=None)
    step = follow(optimizer, np.zeros(shape, np.float32), drawn)
    # Five iterations bring singular values to between about 0.7 and 1.2.
    values = np.linalg.svd(step, compute_uv=False)
    assert (values > 0.6).all()
    assert (values < 1.3).all()
    u, _, v = np.linalg.svd(drawn[0], full_matrices=False)
    assert (-step * (u @ v)).sum() > 0.9 * min(shape) * 0.8


def test_muon_takes_filters_as_matrices_when_asked(rng):
    drawn = rng.standard_normal((1, 3, 3, 2, 4)).astype(np.float32)
    settings = {"weight_decay": None, "rms_rate": None}
    flat = follow(optimizers.Muon(0.1, **settings), np.zeros((18, 4), np.float32),
                  drawn.reshape(1, 18, 4))  # fmt: skip
    filters = follow(optimizers.Muon(0.1, filters=True, **settings),
                     np.zeros((3, 3, 2, 4), np.float32), drawn)  # fmt: skip
    np.testing.assert_array_equal(filters.reshape(18, 4), flat)
    assert not optimizers.Muon().is_matrix(Variable(np.zeros((3, 3, 2, 4), np.float32)))


def network():
    return fastcnn.Sequential([fastcnn.Input((6,)), layers.Dense(8, "tanh"), layers.Dense(3)])


EVERYTHING = {
    "weight_decay": 0.1,
    "use_ema": True,
    "ema_overwrite_frequency": 3,
    "gradient_accumulation_steps": 2,
    "global_clipnorm": 0.5,
    "learning_rate_multipliers": {"bias": 2.0},
    "loss_scale_factor": 4.0,
}


@pytest.mark.parametrize("kind", [optimizers.SGD, optimizers.Adam, optimizers.Muon])
def test_training_goes_on_from_a_file_bit_for_bit(kind, tmp_path, rng):
    x, y = rng.standard_normal((40, 6), np.float32), rng.standard_normal((40, 3), np.float32)
    fastcnn.set_random_seed(1)
    model = network()
    optimizer = kind(schedules.CosineDecay(0.05, 30), **EVERYTHING)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, "mse")

    def train(of, begin, end):
        # By steps, because fit ends with the averages in the place of the weights.
        for first in range(begin, end, 8):
            of.train_on_batch(x[first : first + 8], y[first : first + 8])

    train(model, 0, 24)  # ends between two updates
    model.save(tmp_path / "m.safetensors")
    again = fastcnn.load(tmp_path / "m.safetensors")
    assert again.optimizer.iterations == 3
    assert not again.optimizer.decays(again.trainable_weights[1])
    for each in (model, again):
        train(each, 24, 40)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_schedule_and_no_assignment_compiles_anything(monkeypatch, rng):
    compiled = []
    compile_graph = graph.compile
    monkeypatch.setattr(
        graph, "compile", lambda *a, **k: compiled.append(1) or compile_graph(*a, **k)
    )
    x, y = rng.standard_normal((32, 6), np.float32), rng.standard_normal((32, 3), np.float32)
    model = network()
    rate = schedules.LinearWarmup(schedules.CosineDecayRestarts(0.1, 3), 4)
    model.compile(optimizers.AdamW(rate), "mse")
    model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    first = len(compiled)
    assert first > 0
    model.fit(x, y, batch_size=8, epochs=5, verbose=0)
    model.optimizer.learning_rate = 0.01
    model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    model.optimizer.learning_rate.assign(0.02)
    model.optimizer.learning_rate = schedules.OneCycle(0.1, 100)
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    assert len(compiled) == first


def test_fit_ends_with_the_averages(rng):
    x, y = rng.standard_normal((32, 6), np.float32), rng.standard_normal((32, 3), np.float32)
    model = network()
    model.compile(optimizers.SGD(0.1, use_ema=True), "mse")
    model.fit(x, y, batch_size=8, verbose=0)
    weight = model.trainable_weights[0]
    average = model.optimizer.existing_slots(weight)[0]
    np.testing.assert_array_equal(weight.numpy(), average.numpy())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(-1), "learning_rate must be at least 0, got -1"),
        (lambda: optimizers.SGD(float("nan")), "learning_rate"),
        (lambda: optimizers.SGD(momentum=2), "between 0 and 1"),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=1), "at most one of clipnorm"),
        (lambda: optimizers.Adam(beta_1=1), "below 1"),
        (lambda: optimizers.Adam(weight_decay=-0.1), "weight_decay must be at least 0, got -0.1"),
        (lambda: optimizers.AdamW(weight_decay=None), "must be a number, got None; use Adam"),
        (lambda: optimizers.SGD(ema_momentum=2.0), "ema_momentum must lie between 0 and 1"),
        (lambda: optimizers.SGD(ema_overwrite_frequency=0), "int of at least 1, got 0"),
        (lambda: optimizers.SGD(gradient_accumulation_steps=1), "int of at least 2, got 1"),
        (lambda: optimizers.SGD(loss_scale_factor=0), "loss_scale_factor must be positive, got 0"),
        (lambda: optimizers.SGD(learning_rate_multipliers={"(": 1}), r"'\(' is not a regular expr"),
        (lambda: optimizers.SGD(learning_rate_multipliers={"a": -1}), "at least 0, got -1"),
        (lambda: optimizers.Lion(beta_1=0), "beta_1 must be above 0"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power must be at most 0"),
        (lambda: optimizers.Adagrad(initial_accumulator_value=-1), "must be at least 0, got -1"),
        (lambda: optimizers.Muon(ns_steps=-1), "ns_steps must be at least 0"),
        (lambda: optimizers.get(3), "an optimizer is a name"),
        (
            lambda: optimizers.get("adma"),
            "unknown optimizer 'adma'; did you mean 'adamax' or",
        ),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_unknown_setting_is_named():
    with pytest.raises(TypeError, match="'decay'"):
        optimizers.SGD(decay=0.1)
