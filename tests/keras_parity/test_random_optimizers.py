"""Trajectories of random optimizers, schedules and settings, step by step beside Keras 3."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

import fastcnn
import fastcnn.keras as ours
from fastcnn import graph, ops

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore")

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
except ImportError:
    keras = None
    pytestmark = [pytestmark, pytest.mark.skip(reason="Keras 3 is not installed")]

CASES = 72
STEPS = 11
WEIGHTS = {"dense/kernel": (6, 4), "dense/bias": (4,), "conv2d/kernel": (3, 2, 2, 5)}

#: Settings of each optimizer that may be drawn, with their values.
KINDS = {
    "SGD": {"momentum": [0.0, 0.5, 0.9], "nesterov": [False, True]},
    "Adam": {"beta_1": [0.5, 0.9], "beta_2": [0.9, 0.999], "amsgrad": [False, True]},
    "AdamW": {"beta_1": [0.5, 0.9], "weight_decay": [0.01, 0.3], "amsgrad": [False, True]},
    "Adamax": {"beta_1": [0.5, 0.9], "beta_2": [0.9, 0.999], "epsilon": [1e-7, 1e-2]},
    "Nadam": {"beta_1": [0.5, 0.9], "beta_2": [0.9, 0.999], "epsilon": [1e-7, 1e-2]},
    "RMSprop": {"rho": [0.5, 0.9], "momentum": [0.0, 0.7], "centered": [False, True]},
    "Adagrad": {"initial_accumulator_value": [0.1, 1.0], "epsilon": [1e-7, 1e-2]},
    "Adadelta": {"rho": [0.5, 0.95], "epsilon": [1e-7, 1e-3]},
    "Ftrl": {
        "learning_rate_power": [-0.5, -0.8, 0.0],
        "l1_regularization_strength": [0.0, 0.1],
        "l2_regularization_strength": [0.0, 0.1],
        "l2_shrinkage_regularization_strength": [0.0, 0.1],
        "beta": [0.0, 0.5],
    },
    "Lion": {"beta_1": [0.5, 0.9], "beta_2": [0.9, 0.99]},
    "Muon": {
        "momentum": [0.5, 0.95],
        "nesterov": [False, True],
        "rms_rate": [None, 0.2],
        "adam_lr_ratio": [1.0, 0.5],
        "adam_weight_decay": [None, 0.1],
        "exclude_layers": [None, ["^dense"]],
    },
}

#: Schedules by class and arguments; None is a plain number.
SCHEDULES = [
    None,
    None,
    ("ExponentialDecay", {"decay_steps": 4, "decay_rate": 0.5}),
    ("ExponentialDecay", {"decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {"decay_steps": 3, "decay_rate": 0.7}),
    ("InverseTimeDecay", {"decay_steps": 3, "decay_rate": 0.7, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [2, 5], "values": [0.05, 0.02, 0.01]}),
    ("PolynomialDecay", {"decay_steps": 4, "power": 2.0}),
    ("PolynomialDecay", {"decay_steps": 4, "cycle": True}),
    ("CosineDecay", {"decay_steps": 6, "alpha": 0.1}),
    ("CosineDecay", {"decay_steps": 6, "warmup_target": 0.1, "warmup_steps": 3}),
    ("CosineDecayRestarts", {"first_decay_steps": 3, "m_mul": 0.8}),
    ("CosineDecayRestarts", {"first_decay_steps": 4, "t_mul": 1.0, "alpha": 0.2}),
]

#: Ways of clipping and averaging, of which a case has one each.
CLIPPING = [{}, {}, {"clipvalue": 0.4}, {"clipnorm": 1.5}, {"global_clipnorm": 2.0}]
AVERAGING = [
    {},
    {},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 3},
]


def choose(rng, options):
    return options[rng.integers(len(options))]


def drawn(number):
    """Optimizer, schedule and settings of a case; the optimizers take turns."""
    rng = np.random.default_rng((8, number))
    kind = list(KINDS)[number % len(KINDS)]
    settings = {
        key: choose(rng, values) for key, values in KINDS[kind].items() if rng.random() < 0.6
    }
    settings |= choose(rng, CLIPPING) | choose(rng, AVERAGING)
    if kind not in ("AdamW", "Muon"):
        settings |= choose(rng, [{}, {"weight_decay": 0.2}])
    settings |= choose(rng, [{}, {}, {"gradient_accumulation_steps": int(rng.integers(2, 5))}])
    settings |= choose(rng, [{}, {}, {"loss_scale_factor": 8.0}])
    excluded = choose(rng, [None, ["bias"], ["kernel"]])
    return kind, choose(rng, SCHEDULES), settings, excluded


def made(library, kind, schedule, settings, excluded):
    rate = 1.0 if kind == "Adadelta" else 0.03
    if schedule is not None:
        name, arguments = schedule
        first = () if "values" in arguments else (rate,)
        rate = getattr(library.optimizers.schedules, name)(*first, **arguments)
    optimizer = getattr(library.optimizers, kind)(learning_rate=rate, **settings)
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=excluded)
    return optimizer


def start_and_gradients(number):
    rng = np.random.default_rng((9, number))
    start = [rng.standard_normal(shape, np.float32) for shape in WEIGHTS.values()]
    steps = [[rng.standard_normal(w.shape, np.float32) for w in start] for _ in range(STEPS)]
    return start, steps


def our_trajectory(optimizer, start, steps):
    names = zip(start, WEIGHTS, strict=True)
    variables = [fastcnn.Variable(value, name=name) for value, name in names]
    slopes = [graph.placeholder(value.shape) for value in start]
    loss = None
    for variable, slope in zip(variables, slopes, strict=True):
        part = ops.sum(ops.multiply(variable.tensor, slope))
        loss = part if loss is None else ops.add(loss, part)
    step = fastcnn.training_step(loss, variables, optimizer, inputs=slopes)
    after = []
    for gradients in steps:
        step(*gradients)
        after.append([variable.numpy() for variable in variables])
    optimizer.finalize_variable_values(variables)
    return [*after, [variable.numpy() for variable in variables]]


def their_trajectory(optimizer, start, steps):
    variables = [
        keras.Variable(value, name=name.replace("/", "_"))
        for value, name in zip(start, WEIGHTS, strict=True)
    ]
    scale = optimizer.loss_scale_factor or 1.0
    after = []
    for gradients in steps:
        tensors = [keras.ops.convert_to_tensor(gradient * scale) for gradient in gradients]
        optimizer.apply(tensors, variables)
        after.append([np.array(variable) for variable in variables])
    optimizer.finalize_variable_values(variables)
    return [*after, [np.array(variable) for variable in variables]]


@pytest.mark.parametrize("number", range(CASES))
def test_trajectories(number):
    case = drawn(number)
    start, steps = start_and_gradients(number)
    mine = our_trajectory(made(ours, *case), start, steps)
    theirs = their_trajectory(made(keras, *case), start, steps)
    # A few roundings a step of weights of up to about 4, each 5e-7; and Keras computes
    # 1 - beta ** step in float32, which costs steps of 0.03 up to four digits.
    for step, (got, want) in enumerate(zip(mine, theirs, strict=True)):
        for name, a, b in zip(WEIGHTS, got, want, strict=True):
            np.testing.assert_allclose(
                a, b, rtol=1e-5, atol=1e-5, err_msg=f"{case}, {name} after step {step + 1}"
            )
