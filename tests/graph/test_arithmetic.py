"""Operators of Tensors, Variables and values of model graphs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Variable, graph, tracing

X = np.array([0.5, -2, 3], np.float32)


def all_operators(x: Any) -> Any:
    """Each operator, with a number on either side."""
    return -(1 - (2 * (x + 1) - 3) / 4) / (1 + x * x) + 8 / (x - 7)


def test_tensors() -> None:
    x = graph.placeholder(X.shape)
    (got,) = graph.compile([x], [all_operators(x)])(X)
    np.testing.assert_allclose(got, all_operators(X), rtol=1e-6)


def test_variables() -> None:
    variable = Variable(X)
    np.testing.assert_allclose(all_operators(variable), all_operators(X), rtol=1e-6)
    with tracing():
        y = all_operators(variable)
    np.testing.assert_allclose(graph.compile([], [y])()[0], all_operators(X), rtol=1e-6)


def test_values_of_models() -> None:
    x = Input((3,))
    got = Model(x, all_operators(x)).predict(X[None], verbose=0)
    np.testing.assert_allclose(got[0], all_operators(X), rtol=1e-6)


@pytest.mark.parametrize(
    "code",
    [
        "from fastcnn import Variable; assert (Variable([1.0, 2.0]) * 2).tolist() == [2, 4]",
        "from fastcnn import graph; assert (graph.placeholder((3,)) - 1).shape == (3,)",
    ],
)
def test_operators_come_with_what_has_them(code: str) -> None:
    home = str(Path(fastcnn.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": home}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
