"""The examples of training steps of one's own, in a short form: each does what it is for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def images():
    """Ten kinds of pictures with noise: training and test."""
    rng = np.random.default_rng(0)
    kinds = rng.random((10, 8, 8, 1)) > 0.6
    sets = []
    for count in (640, 200):
        labels = rng.integers(0, 10, count)
        noisy = 0.6 * kinds[labels] + 0.4 * rng.random((count, 8, 8, 1))
        sets.append((noisy.astype(np.float32), labels))
    return tuple(sets)


def test_adversarial_training_withstands_its_attack(images):
    results = example("adversarial_training").main(
        epochs=3, epsilon=0.15, attack_steps=2, images=images
    )
    assert results["plain"][0] > 0.9
    assert results["adversarial"][0] > 0.9
    assert results["adversarial"][1] > results["plain"][1] + 0.05


def test_a_student_learns_from_its_teacher(images):
    results = example("distillation").main(epochs=3, temperature=4.0, labelled=12, images=images)
    assert results["teacher"] > 0.9
    assert results["student taught"] > results["student alone"] + 0.05


def test_the_teacher_stays_as_it_is(images):
    module = example("distillation")
    teacher, student = module.make_teacher(), module.make_student()
    step = module.make_step(teacher, student, 16, 4.0, 0.9, "adam")
    before = teacher.get_weights()
    rows = images[0][0][:16]
    first, *_ = step(rows, images[0][1][:8])
    for a, b in zip(before, teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert step(rows, images[0][1][:8])[0] < first


def test_the_penalty_holds_slopes_at_one(images):
    history = example("gradient_penalty").main(steps=120, penalty=10.0, images=images)
    assert abs(np.mean([slope for *_, slope in history[-20:]]) - 1) < 0.25
    assert history[-1][1] > 0.3 > abs(history[0][1])
