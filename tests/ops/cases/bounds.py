"""How far an operation and its gradient may be off: the rules that rows of the case table name.

A forward rule is called as ``rule(case, inputs, exact)`` and returns the largest allowed error of
each output. A gradient rule is called as ``rule(case, inputs, dys, name)`` and returns a function
of a direction: the largest allowed error of ``(gradient * direction).sum()``. ``inputs`` maps
argument names to arrays, ``exact`` holds the float64 outputs, ``dys`` the weights of the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn.testing import EPSILON, TINY, directional_derivative, error_bound, numeric_grad

if TYPE_CHECKING:
    from ops.cases.case import Case

Array = np.ndarray
Inputs = Mapping[str, Any]
ForwardRule = Callable[["Case", Inputs, tuple[Array, ...]], tuple[Any, ...]]
GradientRule = Callable[["Case", Inputs, tuple[Array, ...], str], Callable[[Array], float]]

# exp, log and sigmoid of our kernels err by at most 2 units in the last place, i.e. 2 epsilons of
# the result, tanh by 3; what surrounds them adds up to 4.
ELEMENTARY = 4


def exactly(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
    """Nothing rounds."""
    return tuple(0.0 for _ in exact)


def rounded_once(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
    """One IEEE operation: the exact result rounded to the nearest float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        return tuple(np.nan_to_num(abs(y.astype(np.float32) - y)) for y in exact)


def ulps(count: float) -> ForwardRule:
    """A few rounding errors of the result itself."""

    def rule(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
        return tuple(np.nan_to_num(count * EPSILON * abs(y)) + TINY for y in exact)

    return rule


def sum_of_products(terms: int) -> ForwardRule:
    """Terms times epsilon times the operation on absolute values, and its activation."""

    def rule(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
        plain = without_activation(case)
        values = list(inputs.values())
        bound = error_bound(lambda *xs: plain(*xs), *values, terms=terms)
        # Every activation has slope 1 at most, so it does not enlarge the error of what it gets.
        return (bound + ELEMENTARY * EPSILON * abs(exact[0]),)

    return rule


def without_activation(case: Case) -> Callable[..., Array]:
    """The reference as a sum of products of its inputs."""
    attributes = {k: v for k, v in case.attributes.items() if k != "activation"}
    return lambda *xs: case.reference(dict(zip(case.inputs, xs, strict=True)), attributes)[0]


def rescale_error(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
    """Conversion, rounding of the factor, product and sum."""
    scale, offset = abs(case.attributes["scale"]), abs(case.attributes.get("offset", 0.0))
    return (4 * EPSILON * (abs(inputs["x"].astype(np.float64)) * scale + offset),)


def without_rounding(
    case: Case, inputs: Inputs, dys: tuple[Array, ...], name: str
) -> Callable[[Array], float]:
    """For gradients that choose, copy or add ``dys``, or whose inputs all have few bits."""
    return lambda direction: 0.0


def linear(terms: int = 0) -> GradientRule:
    """For sums of products: the gradient is one too, of which the signs are taken away.

    How many products an element of the gradient sums is counted by putting ones everywhere; those
    in the middle of an image sum up to four times the average. An activation's slope is computed
    from an output that is itself off by ``terms`` rounding errors.
    """

    def rule(
        case: Case, inputs: Inputs, dys: tuple[Array, ...], name: str
    ) -> Callable[[Array], float]:
        plain = without_activation(case)

        def slope(values: Inputs, dy: Array, direction: Array) -> float:
            def loss(x: Array) -> float:
                return float((plain(*(values | {name: x}).values()) * dy).sum())

            return abs(directional_derivative(loss, values[name], direction))

        sizes = {k: abs(v) for k, v in inputs.items()}
        ones = {k: np.ones_like(v) for k, v in inputs.items()}
        products = slope(ones, np.ones_like(dys[0]), ones[name]) / max(ones[name].size, 1)
        factor = min(4 * products + 16, dys[0].size + 1)
        if case.attributes.get("activation"):
            factor += terms * np.max(plain(*sizes.values()), initial=0) + ELEMENTARY
        return lambda direction: factor * EPSILON * slope(sizes, abs(dys[0]), abs(direction))

    return rule


def product_rules(
    terms: int, exact: bool, attributes: Mapping[str, Any]
) -> tuple[ForwardRule, GradientRule]:
    """Of a sum of ``terms`` products; ``exact`` where inputs have so few bits that none rounds."""
    if exact and attributes.get("activation") in (None, "relu"):
        return exactly, without_rounding
    # Where sums do not round, an activation gets what it should.
    return sum_of_products(terms), linear(0 if exact else terms)


def scaled(factor: float) -> GradientRule:
    """``dy`` times a factor that is rounded itself, or times 0."""

    def rule(
        case: Case, inputs: Inputs, dys: tuple[Array, ...], name: str
    ) -> Callable[[Array], float]:
        sizes = abs(dys[0]) * factor
        return lambda direction: 2 * EPSILON * float((sizes * abs(direction)).sum())

    return rule


def elementwise(
    case: Case, inputs: Inputs, dys: tuple[Array, ...], name: str
) -> Callable[[Array], float]:
    """``dy`` times a slope that costs a few operations, then summed over what was broadcast."""
    shape = dys[0].shape
    whole = {k: np.broadcast_to(np.asarray(v, np.float64), shape) for k, v in inputs.items()}
    step = 1e-4
    above = case.reference(whole | {name: whole[name] + step}, case.attributes)[0]
    below = case.reference(whole | {name: whole[name] - step}, case.attributes)[0]
    # The slope may come from a difference such as 1 - y * y: an error of epsilon, however small.
    sizes = abs(dys[0]) * (1 + abs(above - below) / (2 * step))
    repeats = sizes.size / max(np.size(inputs[name]), 1)

    def allowed(direction: Array) -> float:
        weighted = sizes * abs(np.broadcast_to(direction, shape))
        return float((2 * ELEMENTARY + repeats) * EPSILON * weighted.sum())

    return allowed


def smooth(terms: float, conditioning: Callable[[Inputs], float] | None = None) -> GradientRule:
    """For formulas along a row: ``terms`` rounding errors of the largest number that occurs.

    ``conditioning`` gives the factor by which rounding errors grow on the way, for formulas that
    subtract large numbers or divide by small ones.
    """

    def rule(
        case: Case, inputs: Inputs, dys: tuple[Array, ...], name: str
    ) -> Callable[[Array], float]:
        gradient = numeric_grad(lambda x: case.loss(inputs | {name: x}, dys), inputs[name])
        largest = np.max(abs(gradient), initial=0) + max(np.max(abs(dy), initial=0) for dy in dys)
        growth = conditioning(inputs) if conditioning else 1.0
        return lambda direction: terms * growth * EPSILON * largest * float(abs(direction).sum())

    return rule


def softmax_error(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
    """``exp`` turns the rounding of ``x - max`` into a relative error of that size."""
    x = np.asarray(inputs["x"], np.float64)
    axis = case.attributes.get("axis", -1)
    with np.errstate(invalid="ignore"):
        below = np.max(x, axis=axis, keepdims=True, initial=-np.inf) - x
    # Where exp has underflowed there is no relative error left.
    terms = np.where(below < 110, below, 0) + x.shape[axis] + 2 * ELEMENTARY
    spread = np.max(terms, axis=axis, keepdims=True, initial=0)
    return (np.nan_to_num((terms + spread) * EPSILON * exact[0]) + TINY,)


def log_softmax_error(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
    """``(x - max) - log(sum)``: each part rounds, and so does their difference."""
    x = np.asarray(inputs["x"], np.float64)
    finite = np.where(np.isfinite(exact[0]), abs(exact[0]), 0)
    length = x.shape[case.attributes.get("axis", -1)]
    return ((2 * finite + 2 * (length + 2 * ELEMENTARY)) * EPSILON,)


def sparsemax_error(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
    """``tau`` is found in float64, relative to the largest; what is left rounds once."""
    return (np.nan_to_num(EPSILON * abs(exact[0])) + 1e-14 * exact[0].size,)


def batch_normalization_error(
    case: Case, inputs: Inputs, exact: tuple[Array, ...]
) -> tuple[Any, ...]:
    """The fold ``x * scale + (beta - mean * scale)`` is allowed, whose parts may be larger."""
    i = {k: abs(np.asarray(v, np.float64)) for k, v in inputs.items()}
    scale = i["gamma"] / np.sqrt(i["variance"] + case.attributes.get("epsilon", 1e-3))
    sizes = (i["x"] + i["mean"]) * scale + i["beta"]
    return (2 * ELEMENTARY * EPSILON * sizes + TINY,)


def batch_statistics_error(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
    """Of a variance that is computed from deviations, not from ``mean(x * x) - mean(x) ** 2``.

    The mean is off by ``count`` epsilons of ``mean(abs(x))``, the variance by the square of that
    beside its own rounding, and ``y`` by both.
    """
    x = np.asarray(inputs["x"], np.float64)
    _, mean, variance = exact
    axes = tuple(range(x.ndim - 1))
    count = int(np.prod(x.shape[:-1]))
    rounding = (count + ELEMENTARY) * EPSILON
    mean_error = rounding * abs(x).sum(axis=axes) / max(count, 1)
    variance_error = rounding * variance + mean_error**2
    deviation = np.sqrt(variance + case.attributes.get("epsilon", 1e-3))
    scale = abs(inputs["gamma"]) / deviation
    y_error = (
        2 * ELEMENTARY * EPSILON * ((abs(x) + abs(mean)) * scale + abs(inputs["beta"]))
        + scale * mean_error
        + abs(x - mean) * scale * variance_error / (2 * deviation**2)
    )
    return tuple(np.nan_to_num(e) + TINY for e in (y_error, mean_error, variance_error))


def loss_error(terms: int) -> ForwardRule:
    """``terms`` rounding errors of the largest number in the row's formula.

    That is the loss itself, one logarithm of a probability (at most 17), or one logit.
    """

    def rule(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Any, ...]:
        row = np.max(abs(np.asarray(inputs["y_pred"], np.float64)), axis=-1, initial=1)
        return tuple(np.nan_to_num(terms * EPSILON * (abs(y) + 2 * row + 17)) for y in exact)

    return rule
