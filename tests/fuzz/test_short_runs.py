"""A few seconds of each kind of fuzzing; what long runs found is tested where it was fixed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fuzz.budget import run_all
from fuzz.mutations import mutated

TESTS = Path(__file__).parent.parent


@pytest.mark.parametrize(("kind", "count"), [("files", 400), ("calls", 300)])
def test_nothing_is_found(kind, count, tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "fuzz", kind, "--count", str(count), "--output", tmp_path],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"seed 0: {count} cases" in result.stdout


FOUND = {
    1: ("memory", lambda: np.ones(400 << 20, np.uint8), "300 MB exceeded"),
    2: ("an undocumented exception", lambda: {}["key"], "KeyError from"),
    3: ("a signal", lambda: __import__("os").kill(__import__("os").getpid(), 11), "SIGSEGV"),
    4: ("a long message", lambda: refuse("x" * 5000), "more than 2500 characters"),
}


def refuse(text):
    raise ValueError(text)


def test_budgets_and_signals_are_noticed():
    def case(number):
        if number in FOUND:
            FOUND[number][1]()
        return ""

    outcomes = list(run_all(range(6), case, documented=(ValueError,)))
    assert [outcome.number for outcome in outcomes] == list(range(6))
    for outcome in outcomes:
        assert FOUND.get(outcome.number, ("", None, ""))[2] in outcome.finding
        assert bool(outcome.finding) == (outcome.number in FOUND)


def test_damage_depends_on_the_seed_alone():
    raw = (TESTS / "fixtures/models/v0.1/by_name.safetensors").read_bytes()
    first = [mutated(raw, [raw], np.random.default_rng([0, number])) for number in range(300)]
    again = [mutated(raw, [raw], np.random.default_rng([0, number])) for number in range(300)]
    assert first == again
    assert len({*first, raw}) > 250
