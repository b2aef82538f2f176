"""Counter-based randomness: what is drawn depends on a seed and a position alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.axes import integers
from fastcnn.ops.common.public_operation import Operand, Seed, apply, operand, operation

__all__ = ["dropout", "fold_seed", "random_normal"]


class Dropout(Op):
    """Inputs x, seed."""

    name = "dropout"
    in_place = (0,)

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None, None]
        # The mask is drawn again, which is cheaper than keeping it.
        return [apply(self, dy, node.inputs[1], **node.attrs)[0], None]


class RandomNormal(Op):
    """Input: a seed, an int64 or uint64 scalar."""

    name = "random_normal"
    non_differentiable = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)


class FoldSeed(Op):
    """Inputs: a seed and numbers, int64 or uint64 scalars."""

    name = "fold_seed"
    non_differentiable = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec((), "int64"),)


def _integer(op: str, name: str, value: Any) -> Tensor:
    """A scalar of 64 bits; an int counts modulo 2**64."""
    if isinstance(value, int | np.integer):
        value = np.array(int(value) % 2**64, np.uint64)
    tensor = operand(op, name, value, dtype=None)
    if tensor.spec.dtype not in ("int64", "uint64"):
        raise TypeError(
            f"{op}: {name} must be an int, or an int64 or uint64 scalar, got {tensor.spec.dtype}"
        )
    return operand(op, name, tensor, rank=0, dtype=None)


@operation
def dropout(x: Operand, rate: float, seed: Seed) -> Any:
    """Sets a random share of the elements to 0 and divides the others by ``1 - rate``.

    Element ``i`` is kept if number ``i`` of Philox4x32-10 under the seed is at least
    ``rate * 2**32``: the result depends on no thread, batch or earlier call. The gradient draws
    the same numbers again. Layer: Dropout.

    Args:
        x: Any shape, float32; array or Tensor.
        rate: Share of elements that become 0, at least 0 and below 1; with 0 the result is x.
        seed: int64 or uint64 scalar, array or Tensor, or an int (modulo ``2**64``). See
            :func:`fold_seed`.

    Returns:
        Shaped like x, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: x is not float32, or the seed not an integer.
        ValueError: rate outside ``[0, 1)``, or the seed no scalar.

    Example:
        >>> dropout(np.ones(8, np.float32), 0.5, 3)
        array([2., 0., 2., 2., 0., 2., 0., 2.], dtype=float32)
    """
    op = Dropout.name
    x = operand(op, "x", x)
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.floating):
        raise TypeError(f"{op}: rate must be a number, got {rate!r}")
    rate = float(rate)
    if not 0 <= rate < 1:
        raise ValueError(
            f"{op}: rate must be at least 0 and below 1, got {rate}; it is the share of elements "
            "that become 0"
        )
    seed = _integer(op, "seed", seed)
    if rate == 0:
        return x
    return apply(Dropout(), x, seed, rate=rate)[0]


@operation
def random_normal(shape: Any, seed: Seed) -> Any:
    """Normal numbers of mean 0 and standard deviation 1.

    Element ``i`` is made of number ``i`` of Philox4x32-10 under the seed, by inversion: it depends
    on no thread, batch or earlier call. Layers: GaussianNoise, GaussianDropout.

    Args:
        shape: Sizes of the result.
        seed: int64 or uint64 scalar, array or Tensor, or an int, as for :func:`dropout`.

    Returns:
        float32 of ``shape``, none beyond +-6.3: an array for an array or int, else a Tensor.

    Raises:
        TypeError: The seed is not an integer, or the shape holds something else.
        ValueError: A negative size, or a seed that is not a scalar.
    """
    op = RandomNormal.name
    sizes = integers(op, "shape", shape)
    if any(size < 0 for size in sizes):
        raise ValueError(f"{op}: shape must not hold negative sizes, got {sizes}")
    return apply(RandomNormal(), _integer(op, "seed", seed), shape=sizes)[0]


@operation
def fold_seed(seed: Seed, numbers: Sequence[Seed]) -> Any:
    """A new seed from a seed and numbers, such as the step and the index of a layer.

    A pure function that mixes well: equal arguments give equal seeds, neighbouring ones unrelated
    seeds. With Tensors the seed of a step is made inside the Program from its inputs, and nothing
    is compiled again.

    Args:
        seed: int64 or uint64 scalar, array or Tensor, or an int (modulo ``2**64``).
        numbers: One or more of the same. Each in turn is mixed in by a round of splitmix64.

    Returns:
        int64 scalar in ``[0, 2**63)``: an array for arrays and ints, else a Tensor.

    Raises:
        TypeError: An argument is not an integer.
        ValueError: An argument is not a scalar, or there are no numbers.

    Example:
        >>> fold_seed(1, [2, 3])
        array(2624848880917469594)
    """
    op = FoldSeed.name
    if not isinstance(numbers, Sequence) or not numbers:
        raise ValueError(f"{op}: numbers must be a list of at least one integer, got {numbers!r}")
    tensors = [_integer(op, "seed", seed)]
    tensors += [_integer(op, f"numbers[{i}]", value) for i, value in enumerate(numbers)]
    return apply(FoldSeed(), *tensors)[0]
