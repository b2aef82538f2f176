"""Gradients of gradients of every layer and loss, by differences of gradients."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from fastcnn import Input, Model, graph, layers, losses, ops, tracing
from fastcnn.seeding import set_random_seed
from layers.cases import ROWS

STEP = 1e-3


def directional(function: Any, arrays: list[np.ndarray], weights: list[Any], step: float) -> None:
    """The gradient along a direction, differentiated again, against differences of gradients.

    Args:
        function: Makes a scalar of Tensors.
        arrays: Values of the Tensors.
        weights: Variables that it reads too.
        step: Half the distance of the differences.
    """
    rng = np.random.default_rng(0)
    inputs = [graph.placeholder(a.shape) for a in arrays]
    ways = [graph.placeholder(a.shape) for a in (*arrays, *(w.numpy() for w in weights))]
    with tracing(training=True) as trace:
        first = graph.gradients(function(*inputs), [*inputs, *weights])
    along = ops.sum(first[0] * ways[0])
    for slope, way in zip(first[1:], ways[1:], strict=True):
        along = along + ops.sum(slope * way)
    second = graph.gradients(along, [*inputs, *weights])
    steps = [] if trace.step is None else [trace.step]
    run = graph.compile([*inputs, *ways, *steps], [*first, *second])
    way_arrays = [np.asarray(rng.standard_normal(way.shape), np.float32) for way in ways]
    values = [weight.numpy() for weight in weights]

    def at(distance: float) -> list[np.ndarray]:
        """Gradients so far along the directions."""
        for weight, value, way in zip(weights, values, way_arrays[len(arrays) :], strict=True):
            weight.assign(value + np.float32(distance) * way)
        moved = [a + np.float32(distance) * v for a, v in zip(arrays, way_arrays, strict=False)]
        return list(run(*moved, *way_arrays, *[np.asarray(3, np.int64)] * len(steps)))

    count = len(first)
    got = at(0.0)[count:]
    wide, narrow = (
        [
            (above.astype(np.float64) - below) / (2 * distance)
            for above, below in zip(at(distance)[:count], at(-distance)[:count], strict=True)
        ]
        for distance in (step, step / 2)
    )
    compared = total = 0
    for a, far, near in zip(got, wide, narrow, strict=True):
        scale = max(1, np.abs(near).max(initial=0))
        # Where the two differ, a kink lies between: a ReLU or a maximum has changed sides, and the
        # narrow one is off by twice as much.
        smooth = np.abs(far - near) <= 2e-3 * scale
        np.testing.assert_allclose(a[smooth], near[smooth], rtol=0, atol=8e-3 * scale)
        compared += smooth.sum()
        total += smooth.size
    assert compared >= 0.5 * total


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_layers(row: Any) -> None:
    rng = row.rng(0)
    config = row.draw(rng)
    shapes = config.shape if isinstance(config.shape, list) else [config.shape]
    xs = [np.asarray(row.values(rng, shape), np.float32) for shape in shapes]
    many = isinstance(config.shape, list)
    layer = getattr(layers, row.layer)(**config.arguments)
    layer(xs if many else xs[0])
    for weight in layer.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape).astype(np.float32))

    def total(*tensors: Any) -> Any:
        y = layer(list(tensors) if many else tensors[0], training=row.training[-1])
        dy = np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)
        # Curved, so that second gradients of what is linear are not zeros.
        return ops.sum(ops.tanh(y * np.float32(0.2)) * dy)

    directional(total, xs, list(layer.trainable_weights), STEP)


LABELS = np.array([0, 2, 1, 2, 0])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
SHARES = np.random.default_rng(2).dirichlet([2, 2, 2], 5).astype(np.float32)
SIGNS = np.array([[1, -1, 1]] * 5, np.float32)
LOSSES = [
    (getattr(losses, name), settings)
    for name in sorted(losses.__all__)
    if isinstance(getattr(losses, name), type) and name not in ("Loss", "FunctionLoss")
    for settings in ({}, {"from_logits": True})
    if not settings or "from_logits" in inspect.signature(getattr(losses, name)).parameters
]


@pytest.mark.parametrize(("kind", "settings"), LOSSES)
def test_losses(kind: Any, settings: Any) -> None:
    name = kind.__name__
    labels = SHARES
    if name.startswith("Sparse") or name == "CategoricalGeneralizedCrossEntropy":
        labels = LABELS
    elif name in ("Hinge", "SquaredHinge"):
        labels = SIGNS
    elif "Categorical" in name or "Binary" in name:
        labels = ONE_HOT
    scores = np.random.default_rng(3).standard_normal((5, 3)).astype(np.float32)
    x = scores if settings else np.roll(SHARES, 1, 0) + np.float32(0.02) * scores
    directional(lambda p: kind(**settings)(labels, p), [x], [], 1e-3)


def test_gradient_penalty_of_a_usual_network() -> None:
    """Convolution, ReLU, overlapping max-pooling, a dense layer: as critics and saliencies have."""
    set_random_seed(2)
    x = Input((9, 9, 2))
    y = layers.Conv2D(4, 3, activation="relu", padding="same")(x)
    y = layers.MaxPooling2D(3, 2)(y)
    y = layers.Conv2D(4, 3)(y)
    y = layers.MaxPooling2D(2, 1, padding="same")(layers.ReLU()(y))
    model = Model(x, layers.Dense(1)(layers.Flatten()(y)))
    images = np.random.default_rng(0).standard_normal((3, 9, 9, 2)).astype(np.float32)
    inputs = graph.placeholder(images.shape)
    with tracing(training=True):
        (slope,) = graph.gradients(ops.sum(model(inputs)), [inputs])
        norm = ops.sqrt(ops.sum(ops.square(slope), axis=(1, 2, 3)))
        penalty = ops.mean(ops.square(norm - 1.0))
        wanted = graph.gradients(penalty, model.trainable_weights)
    run = graph.compile([inputs], [penalty, *wanted])
    got = run(images)[1:]
    rng = np.random.default_rng(1)
    compared = 0
    for weight, slopes in zip(model.trainable_weights, got, strict=True):
        value = weight.numpy()
        assert np.isfinite(slopes).all()
        for _ in range(12):
            place = tuple(int(rng.integers(size)) for size in value.shape)

            def penalty_at(step: float, place: Any = place, weight: Any = weight) -> float:
                moved = weight.numpy()
                before = moved[place]
                moved[place] += step
                weight.assign(moved)
                found = float(run(images)[0])
                moved[place] = before
                weight.assign(moved)
                return found

            wide, narrow = ((penalty_at(h) - penalty_at(-h)) / (2 * h) for h in (2e-3, 1e-3))
            # A kink within the step, of a ReLU or a maximum, makes the penalty jump.
            if abs(wide - narrow) <= 2e-3:
                np.testing.assert_allclose(slopes[place], narrow, atol=6e-3)
                compared += abs(narrow) > 0.02
    assert compared >= 10


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: ops.max_pool2d(x, 3, strides=2, padding="same"),
        lambda x: ops.max_pool2d(x, 2, strides=1),
        lambda x: ops.max_pool(x, (3, 2), strides=1, dilation=2),
        lambda x: ops.max_pool(x, 3, strides=2, ceil_mode=True),
        lambda x: ops.adaptive_max_pool(x, (3, 4)),
    ],
)
def test_max_pooling_twice_reads_where_it_wrote(pool: Any, rng: np.random.Generator) -> None:
    """The gradient is linear in dy, so its transpose gives the same number: <A dy, g>, <dy, A' g>.

    Windows overlap here, and ties go to the first pixel on both ways.
    """
    image = rng.integers(0, 4, (2, 7, 6, 3)).astype(np.float32)
    x, g = graph.placeholder(image.shape), graph.placeholder(image.shape)
    y = pool(x)
    dy = graph.placeholder(y.shape)
    (dx,) = graph.gradients(y, [x], dy)
    (back,) = graph.gradients(ops.sum(dx * g), [dy])
    (third,) = graph.gradients(ops.sum(back * dy), [g])
    run = graph.compile([x, g, dy], [dx, back, third])
    way, up = (rng.integers(-9, 10, shape).astype(np.float32) for shape in (image.shape, y.shape))
    dx_now, back_now, third_now = run(image, way, up)
    assert (dx_now * way).sum() == (up * back_now).sum()
    np.testing.assert_array_equal(third_now, dx_now)
