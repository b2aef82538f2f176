"""The type rule of an operation is its whole rule: a node can be rebuilt for other input sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fastcnn import graph, ops
from fastcnn.graph import Spec, Tensor

KERNEL = {3: (3, 4, 6), 4: (3, 3, 4, 6), 5: (2, 3, 3, 4, 6)}


def window(function: Callable[..., Any], **settings: Any) -> Callable[[Tensor], Tensor]:
    def build(x: Tensor) -> Tensor:
        kernel = graph.placeholder(KERNEL[x.ndim])
        if function is ops.conv_transpose:
            kernel = graph.placeholder((*KERNEL[x.ndim][:-2], 6, 4))
        y: Tensor = function(x, kernel, **settings)
        return y

    return build


BUILDS = [
    pytest.param(window(ops.conv), id="conv-valid"),
    pytest.param(window(ops.conv, padding="same", strides=2), id="conv-same-strided"),
    pytest.param(window(ops.conv, padding=1, dilation=2), id="conv-pixels-dilated"),
    pytest.param(window(ops.conv_transpose, padding="same", strides=2), id="transpose-same"),
    pytest.param(
        window(ops.conv_transpose, strides=3, output_padding=1), id="transpose-output-padding"
    ),
    pytest.param(lambda x: ops.max_pool(x, 2, padding="same"), id="max-pool-same"),
    pytest.param(lambda x: ops.max_pool(x, 3, strides=2, ceil_mode=True), id="max-pool-ceil"),
    pytest.param(
        lambda x: ops.average_pool(x, 3, strides=2, padding=1, count_include_pad=True),
        id="average-pool-padded",
    ),
    pytest.param(lambda x: ops.adaptive_average_pool(x, 3), id="adaptive"),
]


@pytest.mark.parametrize("rank", [3, 4, 5])
@pytest.mark.parametrize("build", BUILDS)
def test_a_window_is_inferred_for_images_of_another_size(
    build: Callable[[Tensor], Tensor], rank: int
) -> None:
    small = build(graph.placeholder((2, *(9, 12, 7)[: rank - 2], 4)))
    large_x = graph.placeholder((5, *(14, 11, 10)[: rank - 2], 4))
    large = build(large_x)
    node = small.node
    assert node.op is not None
    others = [tensor.spec for tensor in node.inputs[1:]]
    assert node.op.infer(large_x.spec, *others, **node.attrs) == (large.spec,)
    # What the core is told follows the image, too.
    assert node.op.core_attrs(large_x.spec, *others, **node.attrs) == large.node.op.core_attrs(  # type: ignore[union-attr]
        large_x.spec, *others, **large.node.attrs
    )


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda x: ops.conv2d(x, graph.placeholder((3, 3, 4, 6)), padding="same"), 8 * 8 * 6 * 36),
        (lambda x: ops.conv2d(x, graph.placeholder((3, 3, 2, 6)), groups=2), 6 * 6 * 6 * 18),
        (lambda x: ops.conv_transpose(x, graph.placeholder((2, 2, 6, 4))), 8 * 8 * 4 * 24),
        (lambda x: ops.dense(x, graph.placeholder((4, 5))), 8 * 8 * 4 * 5),
        (ops.relu, 0),
    ],
)
def test_multiply_adds(build: Callable[[Tensor], Tensor], expected: int) -> None:
    y = build(graph.placeholder((1, 8, 8, 4)))
    node = (
        y.node if y.node.op is not None and y.node.op.name != "reshape" else y.node.inputs[0].node
    )
    assert node.op is not None
    assert node.op.macs(*(tensor.spec for tensor in node.inputs), **node.attrs) == expected
    assert isinstance(y.spec, Spec)
