"""Operations that view, move or select elements, of any dtype."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.axes import axis_of, integers, product
from fastcnn.ops.common.public_operation import Operand, apply, check_size, operand, operation

__all__ = ["concatenate", "flatten", "pad", "reshape", "slice", "stop_gradient", "transpose"]


class Reshape(Op):
    """The same memory under another shape."""

    name = "reshape"
    view = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"]), inputs[0].dtype),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        return [None if dy is None else reshaped(dy, node.inputs[0].shape)]

    def attrs_for(self, node: Node, *inputs: Spec) -> Mapping[str, Any]:
        """The first axis, as the batch, follows that of the input; then the last one gives way."""
        old, new, shape = node.inputs[0].spec, inputs[0], list(node.attrs["shape"])
        if new.elements == old.elements:
            return node.attrs
        if shape and old.shape and old.shape[0] and shape[0] * new.shape[0] % old.shape[0] == 0:
            shape[0] = shape[0] * new.shape[0] // old.shape[0]
        if product(shape) != new.elements and (rest := product(shape[:-1])):
            shape[-1] = new.elements // rest
        if product(shape) != new.elements:
            raise ValueError(f"{node.attrs['shape']} of {old.shape} has no like of {new.shape}")
        return {"shape": tuple(shape)}


class StopGradient(Op):
    """The same memory; gradients end here."""

    name = "stop_gradient"
    non_differentiable = True
    view = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs


class Transpose(Op):
    """Axis ``axes[i]`` of x is axis i of y."""

    name = "transpose"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(inputs[0].shape[axis] for axis in attrs["axes"]), inputs[0].dtype),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        axes = node.attrs["axes"]
        back = tuple(axes.index(axis) for axis in range(len(axes)))
        return [apply(Transpose(), dy, axes=back)[0]]


class Slice(Op):
    """A box of ``size`` elements from ``start`` on."""

    name = "slice"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["size"]), inputs[0].dtype),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        shape = node.inputs[0].shape
        return [apply(SliceGrad(), dy, start=node.attrs["start"], size=shape)[0]]

    def attrs_for(self, node: Node, *inputs: Spec) -> Mapping[str, Any]:
        """Axes that are taken whole are taken whole."""
        start, size = node.attrs["start"], node.attrs["size"]
        old, new = node.inputs[0].shape, inputs[0].shape
        sizes = tuple(
            whole if first == 0 and n == was else n
            for first, n, was, whole in zip(start, size, old, new, strict=True)
        )
        if any(a + n > whole for a, n, whole in zip(start, sizes, new, strict=True)):
            raise ValueError(f"{sizes} elements from {start} on do not fit in {new}")
        return {"start": start, "size": sizes}

    def moved(self, node: Node, axes: tuple[int, ...]) -> Mapping[str, Any]:
        """The box in the axes of before."""
        return _box_before(node, axes)


class SliceGrad(Op):
    """The input inside an array of ``size``, from ``start`` on, with zeros around it."""

    name = "slice_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["size"]), inputs[0].dtype),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        return [apply(Slice(), dy, start=node.attrs["start"], size=node.inputs[0].shape)[0]]

    def attrs_for(self, node: Node, *inputs: Spec) -> Mapping[str, Any]:
        """As many zeros as before."""
        zeros = [n - was for n, was in zip(node.attrs["size"], node.inputs[0].shape, strict=True)]
        size = tuple(n + more for n, more in zip(inputs[0].shape, zeros, strict=True))
        return {"start": node.attrs["start"], "size": size}

    def moved(self, node: Node, axes: tuple[int, ...]) -> Mapping[str, Any]:
        """The box in the axes of before."""
        return _box_before(node, axes)


class Concatenate(Op):
    """Inputs one behind the other along ``axis``."""

    name = "concatenate"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        axis = attrs["axis"]
        shape = list(inputs[0].shape)
        shape[axis] = builtins.sum(spec.shape[axis] for spec in inputs)
        return (Spec(tuple(shape), inputs[0].dtype),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None] * len(node.inputs)
        axis = node.attrs["axis"]
        parts: list[Tensor | None] = []
        first = 0
        for x in node.inputs:
            start = (0,) * axis + (first,) + (0,) * (x.ndim - axis - 1)
            parts.append(apply(Slice(), dy, start=start, size=x.shape)[0])
            first += x.shape[axis]
        return parts

    def moved(self, node: Node, axes: tuple[int, ...]) -> Mapping[str, Any]:
        """Along the axis of before."""
        return {"axis": axes[node.attrs["axis"]]}


def _box_before(node: Node, axes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """``start`` and ``size`` in the order of axes from before a transposition."""
    back = {source: axis for axis, source in enumerate(axes)}
    return {
        name: tuple(node.attrs[name][back[axis]] for axis in range(len(axes)))
        for name in ("start", "size")
    }


def reshaped(x: Tensor, shape: Sequence[int]) -> Tensor:
    """A view of x under a shape that is known to fit."""
    return x if x.shape == tuple(shape) else apply(Reshape(), x, shape=tuple(shape))[0]


@operation
def reshape(x: Operand, shape: Any) -> Any:
    """The same elements in row-major order in another shape. Layer: Reshape.

    Args:
        x: Any shape and dtype; array or Tensor.
        shape: New sizes; one may be -1 and follows from the others.

    Returns:
        An array of that shape for arrays, else a Tensor, which shares memory with x.

    Raises:
        ValueError: The shapes hold different numbers of elements.
    """
    op = Reshape.name
    x = operand(op, "x", x, dtype=None)
    sizes = integers(op, "shape", shape)
    elements = product(x.shape)
    known = product([size for size in sizes if size != -1])
    if any(size < -1 for size in sizes) or sizes.count(-1) > 1:
        raise ValueError(
            f"{op}: shape must hold sizes that are not negative and at most one -1, got {sizes}"
        )
    if -1 in sizes and known > 0 and elements % known == 0:
        sizes = tuple(elements // known if size == -1 else size for size in sizes)
    if -1 in sizes or product(sizes) != elements:
        raise ValueError(
            f"{op}: x {x.shape} has {elements} elements, which do not fit in shape {sizes}"
        )
    return reshaped(x, sizes)


@operation
def flatten(x: Operand) -> Any:
    """All axes but the first (the batch) made one. Layer: Flatten.

    Args:
        x: ``(batch, ...)``, any dtype; array or Tensor.

    Returns:
        ``(batch, elements of one sample)``.

    Raises:
        ValueError: x is a scalar.
    """
    x = operand("flatten", "x", x, dtype=None)
    if x.ndim == 0:
        raise ValueError("flatten: x must have a batch axis, got a scalar")
    return reshaped(x, (x.shape[0], product(x.shape[1:])))


@operation
def stop_gradient(x: Operand) -> Any:
    """``x`` itself, through which no gradient flows.

    Args:
        x: Any shape and dtype; array or Tensor.
    """
    op = StopGradient.name
    return apply(StopGradient(), operand(op, "x", x, dtype=None))[0]


@operation
def transpose(x: Operand, axes: Any) -> Any:
    """Reorders axes.

    Args:
        x: Any shape and dtype; array or Tensor.
        axes: Axis ``axes[i]`` of x becomes axis i of the result; negative ones count from the end.

    Raises:
        ValueError: ``axes`` does not name each axis once.
    """
    op = Transpose.name
    x = operand(op, "x", x, dtype=None)
    order = tuple(axis_of(op, axis, x.ndim) for axis in integers(op, "axes", axes))
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(f"{op}: axes must name each of {x.ndim} axes once, got {axes}")
    if order == tuple(range(x.ndim)):
        return x
    return apply(Transpose(), x, axes=order)[0]


@operation
def slice(x: Operand, start: Any, size: Any) -> Any:
    """A box of elements.

    Args:
        x: Any shape and dtype; array or Tensor.
        start: First position along each axis, zero or more.
        size: Number of elements along each axis; -1 for all that follow.

    Returns:
        An array of shape ``size`` for arrays, else a Tensor.

    Raises:
        ValueError: The box leaves x, or its rank is another.
    """
    op = Slice.name
    x = operand(op, "x", x, dtype=None)
    starts = integers(op, "start", start)
    sizes = integers(op, "size", size)
    if len(starts) != x.ndim or len(sizes) != x.ndim:
        raise ValueError(
            f"{op}: start and size must have {x.ndim} numbers, one for each axis of {x.shape}, "
            f"got {starts} and {sizes}"
        )
    sizes = tuple(
        whole - first if n == -1 else n
        for n, whole, first in zip(sizes, x.shape, starts, strict=True)
    )
    for axis, (first, n, whole) in enumerate(zip(starts, sizes, x.shape, strict=True)):
        if first < 0 or n < 0 or first + n > whole:
            raise ValueError(
                f"{op}: {n} elements from {first} on do not fit in axis {axis} of {x.shape}"
            )
    return apply(Slice(), x, start=starts, size=sizes)[0]


@operation
def pad(x: Operand, pad_width: Any) -> Any:
    """Zeros around an array. Layers: ZeroPadding1D, ZeroPadding2D, ZeroPadding3D.

    Args:
        x: Any shape and dtype; array or Tensor.
        pad_width: For each axis how many zeros come before it and how many after it, none
            negative: ``((0, 0), (1, 2))`` for a matrix.

    Raises:
        TypeError: Something that is not an int.
        ValueError: A negative number, or not two numbers for each axis.
    """
    op = "pad"
    x = operand(op, "x", x, dtype=None)
    pairs = [integers(op, "pad_width", pair) for pair in pad_width] if _is_list(pad_width) else []
    if len(pairs) != x.ndim or any(len(pair) != 2 for pair in pairs):
        raise ValueError(
            f"{op}: pad_width must have {x.ndim} pairs (before, after), one for each axis of x "
            f"{x.shape}, got {pad_width!r}"
        )
    if any(width < 0 for pair in pairs for width in pair):
        raise ValueError(f"{op}: pad_width must not be negative, got {pad_width!r}")
    if not any(width for pair in pairs for width in pair):
        return x
    size = tuple(n + before + after for n, (before, after) in zip(x.shape, pairs, strict=True))
    check_size(op, size)
    return apply(SliceGrad(), x, start=tuple(before for before, _ in pairs), size=size)[0]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


@operation
def concatenate(xs: Sequence[Operand], *, axis: int = -1) -> Any:
    """Arrays one behind the other. Layer: Concatenate.

    Args:
        xs: One or more arrays or Tensors of one dtype that differ only along ``axis``.
        axis: Along which they are joined; negative counts from the end.

    Raises:
        TypeError: No list, or different dtypes.
        ValueError: Nothing to join, or shapes that do not fit.
    """
    op = Concatenate.name
    if not isinstance(xs, list | tuple):
        raise TypeError(f"{op}: xs must be a list of arrays, got {type(xs).__name__}")
    if not xs:
        raise ValueError(f"{op}: xs must have one array or more, got an empty list")
    first = operand(op, "xs[0]", xs[0], dtype=None)
    tensors = [operand(op, f"xs[{i}]", x, dtype=first.spec.dtype) for i, x in enumerate(xs)]
    where = axis_of(op, axis, first.ndim)
    for i, x in enumerate(tensors):
        others = [size for j, size in enumerate(x.shape) if j != where]
        if x.ndim != first.ndim or others != [
            size for j, size in enumerate(first.shape) if j != where
        ]:
            raise ValueError(
                f"{op}: xs[{i}] has shape {x.shape}, xs[0] has {first.shape}; they may differ "
                f"only along axis {where}"
            )
    return apply(Concatenate(), *tensors, axis=where)[0]
