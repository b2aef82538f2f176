"""Residuals and batch normalisations become part of the convolution or product before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, ops
from fastcnn.runtime import num_threads, set_num_threads


def steps(f: graph.Function) -> list[str]:
    return [step.node.op.name for step in f._steps if step.node.op]


def variable(rng: np.random.Generator, *shape: int) -> fastcnn.Variable:
    return fastcnn.Variable(rng.standard_normal(shape, np.float32))


def conv(filters: int, size: int = 3, channels: int = 8, **settings: Any) -> Callable[..., Any]:
    groups = settings.get("groups", 1)

    def made(x: Any, rng: np.random.Generator) -> Any:
        kernel = variable(rng, size, size, channels // groups, filters)
        return ops.conv2d(x, kernel, variable(rng, filters), **settings)

    return made


def transposed(x: Any, rng: np.random.Generator) -> Any:
    return ops.conv_transpose(x, variable(rng, 3, 3, 24, 8), variable(rng, 24), strides=2)


def without_bias(x: Any, rng: np.random.Generator) -> Any:
    return ops.conv2d(x, variable(rng, 1, 1, 8, 40))


def dense(units: int) -> Callable[..., Any]:
    def made(x: Any, rng: np.random.Generator) -> Any:
        flat = ops.reshape(x, (x.shape[0] * 72, x.shape[3] * 2))
        return ops.dense(flat, variable(rng, flat.shape[1], units), variable(rng, units))

    return made


def long_sum(x: Any, rng: np.random.Generator) -> Any:
    flat = ops.reshape(x, (x.shape[0], -1))
    return ops.dense(flat, variable(rng, flat.shape[1], 33), variable(rng, 33))


PRODUCTS: dict[str, Callable[..., Any]] = {
    "direct": conv(40, algorithm="direct", padding="same"),
    "remainders": conv(21, algorithm="direct", strides=2),
    "few columns": conv(3, algorithm="direct", padding="same"),
    "winograd_2x2": conv(24, algorithm="winograd_2x2", padding="same"),
    "winograd_4x4": conv(21, algorithm="winograd_4x4", padding="same"),
    "1x1": without_bias,
    "groups": conv(16, groups=2),
    "transposed": transposed,
    "dense": dense(64),
    "narrow dense": dense(5),
    "long sum": long_sum,
}
SEPARATE = ["fuse_residual", "fuse_activation", "fuse_elementwise"]
ACTIVATIONS = [None, "relu", "relu6", "sigmoid", "tanh", "silu", "hard_silu", "gelu"]


def image(rng: np.random.Generator, channels: int = 8) -> tuple[graph.Tensor, np.ndarray]:
    value = rng.standard_normal((2, 12, 12, channels), np.float32)
    return graph.placeholder(value.shape), value


@pytest.mark.parametrize("activation", ["none", *ACTIVATIONS[1:]])
@pytest.mark.parametrize("product", PRODUCTS)
def test_fuse_residual(
    product: str,
    activation: str,
    isa: str,
    thread_counts: tuple[int, ...],
    rng: np.random.Generator,
) -> None:
    x, value = image(rng)
    z = PRODUCTS[product](x, rng)
    more = graph.placeholder(z.shape)
    # Its memory is free after the sum, so the sum takes it.
    residual = ops.negative(more)
    y = z + residual
    if activation != "none":
        settings = {"approximate": False} if activation == "gelu" else {}
        y = getattr(ops, activation)(y, **settings)
    fused = graph.compile([x, more], [y])
    plain = graph.compile([x, more], [y], without=SEPARATE)
    others = {"reshape"}
    assert len([s for s in steps(fused) if s not in others]) == 2
    assert len(steps(plain)) > len(steps(fused))
    addend = rng.standard_normal(z.shape, np.float32)
    want = plain(value, addend)[0]
    before = num_threads()
    try:
        results = []
        for threads in thread_counts:
            set_num_threads(threads)
            results.append(fused(value, addend)[0])
    finally:
        set_num_threads(before)
    np.testing.assert_allclose(results[0], want, rtol=2e-5, atol=2e-4)
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def test_the_residual_gives_its_memory(rng: np.random.Generator) -> None:
    x, value = image(rng)
    kernels = [variable(rng, 3, 3, 8, 8) for _ in range(4)]

    def block(x: Any, first: Any, second: Any) -> Any:
        return ops.relu(
            ops.conv2d(ops.conv2d(x, first, padding="same"), second, padding="same") + x
        )

    y = ops.exp(block(block(ops.exp(x), *kernels[:2]), *kernels[2:]))
    fused = graph.compile([x], [y])
    assert steps(fused) == ["exp", "conv", "conv", "conv", "conv", "exp"]
    # x of a block, and the result of its first convolution.
    assert fused.arena_bytes <= 2 * value.nbytes + (1 << 16)
    plain = graph.compile([x], [y], without=["fuse_residual"])
    np.testing.assert_allclose(fused(value)[0], plain(value)[0], rtol=1e-4)


def test_a_residual_that_stays(rng: np.random.Generator) -> None:
    """Others read the residual later, the product is read twice, or the residual is spread."""
    x, value = image(rng)
    kernel = variable(rng, 3, 3, 8, 8)
    z = ops.conv2d(x, kernel, padding="same")
    r = ops.exp(x)
    f = graph.compile([x], [z + r, r])
    assert sorted(steps(f)) == ["conv", "exp"]
    summed, kept = f(value)
    np.testing.assert_array_equal(kept, graph.compile([x], [r])(value)[0])
    np.testing.assert_allclose(
        summed, graph.compile([x], [z])(value)[0] + kept, rtol=1e-5, atol=1e-5
    )
    twice = graph.compile([x], [z + r, ops.exp(z)])
    assert any(name in steps(twice) for name in ("add", "fused_elementwise"))
    row = variable(rng, 8)
    spread = graph.compile([x], [z + row.tensor])
    assert "add" in steps(spread)
    depthwise = ops.conv2d(x, variable(rng, 3, 3, 1, 8), groups=8, padding="same")
    assert steps(graph.compile([x], [depthwise + r]))[-1] == "fused_elementwise"


def test_two_convolutions_meet(rng: np.random.Generator) -> None:
    """The shortcut of a block that changes the image has a convolution, too: the later one adds."""
    x, value = image(rng)
    a = ops.conv2d(x, variable(rng, 3, 3, 8, 16), strides=2, padding="same")
    b = ops.conv2d(x, variable(rng, 1, 1, 8, 16), strides=2)
    for y in (a + b, b + a):
        f = graph.compile([x], [ops.relu(y)])
        assert steps(f) == ["conv", "conv"]
        plain = graph.compile([x], [ops.relu(y)], without=["fuse_residual"])
        np.testing.assert_allclose(f(value)[0], plain(value)[0], rtol=1e-5, atol=1e-5)


NORMALISED = {
    **{name: made for name, made in PRODUCTS.items() if "dense" not in name or name == "dense"},
    "depthwise": conv(8, groups=8, padding="same"),
    "transposed in groups": lambda x, rng: ops.conv_transpose(
        x, variable(rng, 3, 3, 6, 8), variable(rng, 12), groups=2
    ),
}


def normalisation(channels: int, rng: np.random.Generator) -> list[fastcnn.Variable]:
    made = [variable(rng, channels) for _ in range(4)]
    made[3].assign(rng.uniform(0.5, 2, channels))
    return made


@pytest.mark.parametrize("product", NORMALISED)
def test_fold_batch_norm(product: str, isa: str, rng: np.random.Generator) -> None:
    x, value = image(rng)
    z = NORMALISED[product](x, rng)
    numbers = normalisation(z.shape[-1], rng)
    y = ops.relu6(ops.batch_normalization(z, *numbers, epsilon=1e-3))
    folded = graph.compile([x], [y])
    plain = graph.compile([x], [y], without=["fold_batch_norm"])
    assert "batch_normalization" in steps(plain)
    assert ("batch_normalization" in steps(folded)) == (product == "transposed in groups")
    # What is folded follows the variables.
    for _ in range(2):
        np.testing.assert_allclose(folded(value)[0], plain(value)[0], rtol=1e-4, atol=1e-4)
        for number in numbers[:2]:
            number.assign(rng.standard_normal(number.shape))


def test_batch_norm_that_is_not_folded(rng: np.random.Generator) -> None:
    x, _ = image(rng)
    kernel, numbers = variable(rng, 3, 3, 8, 16), normalisation(16, rng)
    z = ops.conv2d(x, kernel)

    def normalised(z: Any) -> Any:
        return ops.batch_normalization(z, *numbers)

    assert "batch_normalization" in steps(graph.compile([x], [normalised(z), z]))
    assert "batch_normalization" in steps(graph.compile([x], [normalised(ops.relu(z))]))
    given = graph.placeholder((3, 3, 8, 16))
    run_time = graph.compile([x, given], [normalised(ops.conv2d(x, given))])
    assert "batch_normalization" in steps(run_time)
    # A run that writes the filters would have to fold them again in each step.
    update = ops.assign(kernel, ops.multiply(kernel.tensor, 0.5))
    assert "batch_normalization" in steps(graph.compile([x], [normalised(z)], [update]))


def test_what_is_derived_is_shared_and_kept_small(rng: np.random.Generator) -> None:
    kernel, numbers = variable(rng, 3, 3, 64, 64), normalisation(64, rng)

    def net(batch: int) -> graph.Function:
        x = graph.placeholder((batch, 8, 8, 64))
        z = ops.conv2d(x, kernel, algorithm="direct", padding="same")
        return graph.compile([x], [ops.batch_normalization(z, *numbers)])

    one, four = net(1), net(4)
    # The packed filters and a bias; the folded filters themselves are not kept.
    assert one.derived_bytes <= 1.1 * kernel.numpy().nbytes
    value = rng.standard_normal((4, 8, 8, 64), np.float32)
    np.testing.assert_allclose(four(value)[0][:1], one(value[:1])[0], rtol=1e-4, atol=1e-4)
    ids = [{id(value) for value in f._derived} for f in (one, four)]
    assert ids[0] == ids[1]


def test_constants_are_folded(rng: np.random.Generator) -> None:
    x = graph.placeholder((2, 3))
    offset = variable(rng, 3)
    y = x + ops.exp(ops.multiply(offset.tensor, 2.0))
    f = graph.compile([x], [y])
    assert steps(f) == ["add"]
    value = rng.standard_normal((2, 3), np.float32)
    for _ in range(2):
        np.testing.assert_allclose(f(value)[0], value + np.exp(offset.numpy() * 2), rtol=1e-5)
        offset.assign(rng.standard_normal(3))
    # An output that depends on no input, and one that would be kept at the size of an image.
    (alone,) = graph.compile([x], [ops.exp(offset.tensor)])(value)
    np.testing.assert_allclose(alone, np.exp(offset.numpy()), rtol=1e-6)
    large = graph.compile([x], [ops.broadcast_to(offset.tensor, (1 << 16, 3))])
    assert large.derived_bytes == 0
