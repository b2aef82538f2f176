"""Arrays that a model takes, where their numbers do not matter: for plans and measurements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.data_adapters.input_standardization import DescribedModel
from fastcnn.losses import Loss
from fastcnn.messages import Advice, brief

__all__ = ["example_inputs", "example_labels"]

Array = NDArray[Any]


def example_inputs(
    model: DescribedModel, batch_size: int, open_sizes: Sequence[int] | None = None
) -> list[Array]:
    """One array for each input of a model, in their order.

    Args:
        model: Its inputs must be known.
        batch_size: Examples.
        open_sizes: For the first axes behind the batch, where the model takes any size there.

    Raises:
        ValueError: The inputs are not known, or have open sizes that are not given; or
            ``batch_size`` is not 1 or more.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size must be an int of 1 or more, got {brief(batch_size)}")
    specs = model.input_specs
    if specs is None:
        raise ValueError(
            f"model {model.name!r} does not know its inputs before its first call: pass x"
        )
    rng = np.random.default_rng(0)
    arrays: list[Array] = []
    for spec in specs:
        sizes = list(spec.shape[1:])
        for axis, size in enumerate(open_sizes or ()):
            if axis < len(sizes) and sizes[axis] is None:
                sizes[axis] = size
        if None in sizes:
            raise ValueError(
                Advice(
                    f"input {spec.name!r} of model {model.name!r} has open sizes {spec.shape}: ",
                    python="pass x of the size that is meant",
                    command="give --image-size",
                )
            )
        shape = (batch_size, *(size or 0 for size in sizes))
        values = rng.random(shape, np.float32) if spec.dtype.kind == "f" else np.zeros(shape)
        arrays.append(values.astype(spec.dtype))
    return arrays


def example_labels(model: DescribedModel, batch_size: int) -> list[Array]:
    """One array for each output of a compiled model: class numbers where its loss takes these,
    numbers in the shape of the output for any other.

    Raises:
        ValueError: Outputs are not known, or have open sizes.
    """
    model.find_outputs()
    shapes, objective = model.output_shapes, model.objective
    if shapes is None or objective is None or any(None in shape[1:] for shape in shapes):
        raise ValueError(
            f"model {model.name!r} has outputs of shapes {shapes}: labels cannot be made up, pass y"
        )
    losses = objective.losses(model.named_outputs)
    return [
        _labels(loss, (batch_size, *(size or 0 for size in shape[1:])))
        for loss, shape in zip(losses, shapes, strict=True)
    ]


def _labels(loss: Loss | None, shape: tuple[int, ...]) -> Array:
    numbers = np.zeros(shape, np.float32)
    numbers[..., :1] = 1  # of probabilities the first is sure
    if loss is None:
        return numbers
    try:
        loss(numbers[:1], np.full((1, *shape[1:]), 0.5, np.float32))
    except (TypeError, ValueError):
        return np.zeros(shape[:-1], np.int64)
    return numbers
