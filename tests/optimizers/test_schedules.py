"""Learning rate schedules: marks on their way, PyTorch's one-cycle, files, and what they refuse.

tests/keras_parity/test_random_optimizers.py holds those of Keras to Keras.
"""

from __future__ import annotations

import json
import math

import pytest

from fastcnn import optimizers, schedules

MARKS = [
    (schedules.ExponentialDecay(0.8, 10, 0.5), {0: 0.8, 10: 0.4, 15: 0.8 * 0.5**1.5, 30: 0.1}),
    (schedules.ExponentialDecay(0.8, 10, 0.5, staircase=True), {9: 0.8, 10: 0.4, 19: 0.4}),
    (schedules.InverseTimeDecay(0.8, 10, 3.0), {0: 0.8, 10: 0.2, 20: 0.8 / 7}),
    (schedules.InverseTimeDecay(0.8, 10, 3.0, staircase=True), {9: 0.8, 10: 0.2}),
    (schedules.PiecewiseConstantDecay([3, 5], [0.3, 0.2, 0.1]), {0: 0.3, 3: 0.3, 4: 0.2, 6: 0.1}),
    (schedules.PolynomialDecay(0.5, 10, 0.1), {0: 0.5, 5: 0.3, 10: 0.1, 99: 0.1}),
    (schedules.PolynomialDecay(0.5, 10, 0.1, cycle=True), {10: 0.1, 11: 0.1 + 0.4 * 9 / 20}),
    (schedules.CosineDecay(0.5, 10), {0: 0.5, 5: 0.25, 10: 0.0, 11: 0.0}),
    (
        schedules.CosineDecay(0.1, 10, 0.2, warmup_target=0.5, warmup_steps=4),
        {0: 0.1, 2: 0.3, 4: 0.5, 9: 0.3, 14: 0.1, 99: 0.1},
    ),
    (schedules.CosineDecayRestarts(0.4, 4, m_mul=0.5), {0: 0.4, 2: 0.2, 4: 0.2, 8: 0.1, 12: 0.1}),
    (
        schedules.CosineDecayRestarts(0.4, 4, t_mul=1.0),
        {3: 0.4 * (1 + math.cos(0.75 * math.pi)) / 2, 4: 0.4, 40: 0.4},
    ),
    (schedules.LinearWarmup(0.4, 4), {0: 0.0, 1: 0.1, 4: 0.4, 99: 0.4}),
    (
        schedules.LinearWarmup(schedules.CosineDecay(0.4, 10), 4, 0.2),
        {0: 0.2, 2: 0.3, 4: 0.4, 9: 0.2, 14: 0.0},
    ),
    (schedules.OneCycle(0.5, 11, 0.5, "linear", 5.0, 10.0), {0: 0.1, 10: 0.01, 99: 0.01}),
]


@pytest.mark.parametrize(("schedule", "marks"), MARKS)
def test_marks(schedule, marks):
    again = schedules.deserialize(json.loads(json.dumps(schedules.serialize(schedule))))
    for each in (schedule, again):
        for step, rate in marks.items():
            assert each(step) == pytest.approx(rate, rel=1e-12, abs=1e-15), step


@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.45])
def test_one_cycle_is_that_of_pytorch(three_phase, strategy, share):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    steps = 40
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.5, steps, pct_start=share, anneal_strategy=strategy, three_phase=three_phase
    )
    mine = schedules.OneCycle(0.5, steps, share, strategy, three_phase=three_phase)
    for step in range(steps):
        assert mine(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9), step
        optimizer.step()
        if step < steps - 1:
            theirs.step()


class Halving(schedules.LearningRateSchedule):
    """One of a user's own, without get_config."""

    def __init__(self, first):
        self.first = first

    def __call__(self, step):
        return self.first / 2**step


def test_one_of_your_own_is_saved_with_its_name():
    config = optimizers.serialize(optimizers.SGD(Halving(0.5)))
    again = optimizers.deserialize(config, custom_objects={"Halving": Halving})
    again.iterations = 2
    assert again.learning_rate == 0.125
    with pytest.raises(ValueError, match="unknown learning rate schedule 'Halving'"):
        optimizers.deserialize(config)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps must be above 0, got 0"),
        (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), "one value more than boundaries"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1, 2, 3]), "boundaries must ascend"),
        (lambda: schedules.CosineDecayRestarts(0.1, 4, 0.5), "t_mul must be at least 1, got 0.5"),
        (lambda: schedules.OneCycle(0.1, 10, 2.0), "pct_start must lie between 0 and 1, got 2.0"),
        (lambda: schedules.OneCycle(0.1, 10, 0.5, "cosine"), "must be 'cos' or 'linear'"),
        (lambda: schedules.LinearWarmup(0.1, 0), "warmup_steps must be above 0, got 0"),
        (lambda: schedules.LearningRateSchedule()(1), "must define __call__"),
    ],
)
def test_refused(make, text):
    with pytest.raises((ValueError, NotImplementedError), match=text):
        make()
