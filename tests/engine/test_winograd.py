"""When Winograd's algorithm is chosen, how it is turned off, and where its errors stop."""

import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from fastcnn import Variable, _core, graph, ops, reference, runtime
from fastcnn.testing import EPSILON
from ops.cases.winograd import TRANSFORMS, convolve, kernel_gradient

F32 = "float32"


@pytest.fixture(autouse=True)
def winograd_as_before() -> Iterator[None]:
    before = _core.winograd_use()
    yield
    _core.set_winograd(before)


def convolution(channels: int, side: int, algorithm: str, rng: np.random.Generator) -> np.ndarray:
    x = rng.standard_normal((1, side, side, channels), np.float32)
    kernel = rng.standard_normal((3, 3, channels, channels), np.float32)
    place = graph.placeholder(x.shape)
    y = ops.conv2d(place, Variable(kernel), padding="same", algorithm=algorithm)
    (result,) = graph.compile([place], [y])(x)
    return result


def same(algorithm: str, other: str, channels: int, side: int) -> bool:
    results = [
        convolution(channels, side, name, np.random.default_rng(0)) for name in (algorithm, other)
    ]
    return np.array_equal(*results)


def test_auto_chooses_where_it_pays() -> None:
    assert same("auto", "winograd_4x4", 64, 28)
    runtime.set_winograd(True, any_memory=True)
    assert same("auto", "winograd_2x2", 64, 6)  # tiles of 4x4 would reach far beyond it
    assert same("auto", "direct", 64, 2)  # transforms would cost more than they save
    assert not same("direct", "winograd_4x4", 64, 28)


def test_it_can_be_turned_off() -> None:
    assert runtime.info()["winograd"] is True
    assert "Winograd where it and its memory pay" in runtime.describe()
    runtime.set_winograd(False)
    assert runtime.winograd() is False
    assert "direct only" in runtime.describe()
    assert same("auto", "direct", 64, 28)
    assert same("winograd", "winograd_4x4", 64, 28)  # by name it is still there
    with pytest.raises(TypeError, match="enabled must be True or False, got 1"):
        runtime.set_winograd(1)  # type: ignore[arg-type]


def test_eager_calls_follow_the_switch(rng: np.random.Generator) -> None:
    x = rng.standard_normal((1, 28, 28, 64), np.float32)
    kernel = rng.standard_normal((3, 3, 64, 64), np.float32)
    on = ops.conv2d(x, kernel)
    runtime.set_winograd(False)
    off = ops.conv2d(x, kernel)
    np.testing.assert_array_equal(off, ops.conv2d(x, kernel, algorithm="direct"))
    assert not np.array_equal(on, off)


@pytest.mark.parametrize(("value", "expected"), [("0", "False"), ("1", "True"), (None, "True")])
def test_environment(value: str | None, expected: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "FASTCNN_WINOGRAD"}
    if value is not None:
        environment["FASTCNN_WINOGRAD"] = value
    code = "from fastcnn import runtime; print(runtime.winograd())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == expected


@pytest.mark.parametrize("tile", [2, 4])
def test_the_transforms_are_a_convolution(tile: int, rng: np.random.Generator) -> None:
    """The matrices of the error bound compute what they bound."""
    x, kernel = rng.standard_normal((2, 9, 7, 3)), rng.standard_normal((3, 3, 3, 4))
    padding = ((1, 2), (0, 1))
    want = reference.conv2d(x, kernel, padding=padding)
    np.testing.assert_allclose(convolve(x, kernel, padding, tile), want, atol=1e-12)
    wide = np.pad(x, ((0, 0), *padding, (0, 0)))
    dy = rng.standard_normal(want.shape)
    gradient, _ = kernel_gradient(x, dy, padding, tile)
    taps = [[wide[:, r : r + 10, s : s + 6] for s in range(3)] for r in range(3)]
    np.testing.assert_allclose(
        gradient, np.einsum("rsnijc,nijo->rsco", np.array(taps), dy), atol=1e-11
    )
    of_input, of_filter, of_output = TRANSFORMS[tile]
    assert of_input.shape == (tile + 2, tile + 2)
    assert of_filter.shape == (tile + 2, 3)
    assert of_output.shape == (tile, tile + 2)


@pytest.mark.parametrize(("algorithm", "epsilons"), [("winograd_2x2", 3), ("winograd_4x4", 9)])
def test_typical_errors(algorithm: str, epsilons: float, rng: np.random.Generator) -> None:
    """Bounds are of the worst case; what docs/numerics.md says of the usual one holds as well."""
    x = rng.standard_normal((1, 28, 28, 64), np.float32)
    kernel = rng.standard_normal((3, 3, 64, 64), np.float32)
    exact = reference.conv2d(x, kernel, padding=1)
    error = ops.conv2d(x, kernel, padding=1, algorithm=algorithm) - exact
    assert np.sqrt((error**2).mean()) <= epsilons * EPSILON * np.sqrt((exact**2).mean())


def test_nan_stays_within_its_tile(rng: np.random.Generator) -> None:
    x = rng.standard_normal((1, 24, 24, 8), np.float32)
    x[0, 9, 9, 3] = np.nan
    kernel = rng.standard_normal((3, 3, 8, 8), np.float32)
    y = ops.conv2d(x, kernel, padding=1, algorithm="winograd_4x4")
    spoilt = np.isnan(y[0]).any(axis=-1)
    # Tiles start at multiples of 4 and read one pixel more on each side.
    assert spoilt[8:11, 8:11].all()
    assert not spoilt[:7].any()
    assert not spoilt[12:].any()
    assert not spoilt[:, :7].any()
    assert not spoilt[:, 12:].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"algorithm": "fft"}, "algorithm must be 'auto', .*got 'fft'"),
        ({"algorithm": "winograd", "strides": (2, 1)}, "3x3 with strides 2x1.*use 'auto'"),
    ],
)
def test_the_core_refuses(settings: dict[str, object], message: str) -> None:
    attributes = {
        "strides": (1, 1),
        "padding": (1, 1, 1, 1),
        "dilation": (1, 1),
        "groups": 1,
        "activation": "none",
        "residual": False,
        **settings,
    }
    rows = 4 // attributes["strides"][0]  # type: ignore[index]
    with pytest.raises(ValueError, match=message):
        _core.Operator(
            "conv",
            [(F32, (1, 4, 4, 2)), (F32, (3, 3, 2, 4))],
            [(F32, (1, rows, 4, 4))],
            attributes,
        )


@pytest.mark.parametrize("algorithm", ["winograd_2x2", "winograd_4x4"])
def test_finite_up_to_the_documented_size(algorithm, isa):
    """What docs/numerics.md says of large numbers."""
    rng = np.random.default_rng(1)
    x = np.float32(1.2e37) * rng.choice(np.float32([-1, 1]), (2, 12, 12, 4))
    kernel = np.float32(1e-2) * rng.choice(np.float32([-1, 1]), (3, 3, 4, 8))
    got = ops.conv2d(x, kernel, padding="same", algorithm=algorithm)
    direct = ops.conv2d(x, kernel, padding="same", algorithm="direct")
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got, direct, atol=32 * 620 * EPSILON * 1.2e37 * 1e-2 * 4)


def test_transforms_grow_as_documented():
    of_input, of_filter, of_output = (abs(t).astype(np.float64) for t in TRANSFORMS[4])
    assert of_input.sum(axis=1).max() ** 2 == pytest.approx(26.2, abs=0.1)
    terms = of_input.sum(axis=1) * of_filter.sum(axis=1)
    assert (of_output @ terms).max() ** 2 == pytest.approx(620, abs=1)


def test_kept_filters_must_be_worth_their_memory(rng: np.random.Generator) -> None:
    """Of a layer of few pixels and many channels, transformed filters would be four times as large
    as the filters, to be read once for each image.
    """
    kernel = Variable(rng.standard_normal((3, 3, 256, 256), np.float32))

    def kept(batch: int, size: int) -> float:
        x = graph.placeholder((batch, size, size, 256))
        f = graph.compile([x], [ops.conv2d(x, kernel, padding="same")])
        return f.derived_bytes / kernel.numpy().nbytes

    runtime.set_winograd(True)
    assert kept(1, 8) < 1.1
    assert kept(32, 16) > 1.5
    runtime.set_winograd(True, any_memory=True)
    assert kept(1, 14) > 1.5
    with pytest.raises(ValueError, match="needs enabled=True"):
        runtime.set_winograd(False, any_memory=True)
