"""Learning rates that depend on the step, with Keras' names, arguments and formulas.

Hand one to an optimizer as ``learning_rate=``. It is asked before every step with the number of
steps that are done; the rate is an input of the compiled step, so nothing is compiled again. Beside
those of Keras there are :class:`OneCycle` and :class:`LinearWarmup`.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastcnn.config import Configurable, custom_object_scope, lookup
from fastcnn.config import deserialize as revive
from fastcnn.config import serialize as describe

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "LinearWarmup",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule(Configurable):
    """A learning rate as a function of the number of finished steps.

    One of your own defines ``__call__(self, step)``, and keeps its arguments as attributes of the
    same names, so that it can be saved.
    """

    def __call__(self, step: int) -> float:
        """The rate of the step after ``step`` finished ones."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step)")


def _steps(owner: LearningRateSchedule, name: str, value: float) -> float:
    if not value > 0:
        raise ValueError(f"{type(owner).__name__}: {name} must be above 0, got {value}")
    return value


class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Args:
        initial_learning_rate: The first rate.
        decay_steps: Steps in which the rate is multiplied with ``decay_rate`` once.
        decay_rate: That factor.
        staircase: Whether to count whole ``decay_steps`` only.
        name: For messages.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: int) -> float:
        """See the class."""
        times = step / self.decay_steps
        times = math.floor(times) if self.staircase else times
        return float(self.initial_learning_rate * self.decay_rate**times)


class InverseTimeDecay(LearningRateSchedule):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Arguments as for :class:`ExponentialDecay`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: int) -> float:
        """See the class."""
        times = step / self.decay_steps
        times = math.floor(times) if self.staircase else times
        return self.initial_learning_rate / (1 + self.decay_rate * times)


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to step ``boundaries[0]`` included, then ``values[1]``, and so on.

    Args:
        boundaries: Numbers of steps, ascending.
        values: Rates, one more than boundaries.
        name: For messages.
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: there must be one value more than boundaries, got "
                f"{len(values)} values and {len(boundaries)} boundaries"
            )
        if list(boundaries) != sorted(boundaries):
            raise ValueError(
                f"PiecewiseConstantDecay: boundaries must ascend, got {list(boundaries)}"
            )
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: int) -> float:
        """See the class."""
        return self.values[bisect.bisect_left(self.boundaries, step)]


class PolynomialDecay(LearningRateSchedule):
    """From ``initial_learning_rate`` to ``end_learning_rate`` in ``decay_steps``.

    ``(initial - end) * (1 - step / decay_steps) ** power + end``.

    Args:
        initial_learning_rate: The first rate.
        decay_steps: Steps until the end.
        end_learning_rate: The last rate, which is kept.
        power: 1 is a straight line.
        cycle: Whether ``decay_steps`` doubles, triples and so on where ``step`` passes it, so that
            the rate rises again.
        name: For messages.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: int) -> float:
        """See the class."""
        steps = self.decay_steps
        if self.cycle:
            steps *= max(1, math.ceil(step / steps))
        left = 1 - min(step, steps) / steps
        span = self.initial_learning_rate - self.end_learning_rate
        return float(span * left**self.power + self.end_learning_rate)


class CosineDecay(LearningRateSchedule):
    """Half a cosine (Loshchilov and Hutter, 2016), maybe after a linear warm-up.

    Without warm-up ``initial_learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2
    + alpha)``. With it the rate first rises from ``initial_learning_rate`` to ``warmup_target`` in
    ``warmup_steps``, and then falls from there.

    Args:
        initial_learning_rate: The first rate.
        decay_steps: Steps of the decay, after the warm-up.
        alpha: The last rate, as a share of the highest.
        name: For messages.
        warmup_target: The highest rate; ``None`` for no warm-up.
        warmup_steps: Steps of the warm-up.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: int) -> float:
        """See the class."""
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            step -= self.warmup_steps
            top = self.warmup_target
        done = min(step, self.decay_steps) / self.decay_steps
        return top * ((1 - self.alpha) * (1 + math.cos(math.pi * done)) / 2 + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine again and again (SGDR: Loshchilov and Hutter, 2016).

    Args:
        initial_learning_rate: The first rate.
        first_decay_steps: Steps of the first decay.
        t_mul: How many times as long each decay is as the one before.
        m_mul: How many times as high it begins.
        alpha: The last rate of a decay, as a share of ``initial_learning_rate``.
        name: For messages.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _steps(self, "first_decay_steps", first_decay_steps)
        if not t_mul >= 1:
            raise ValueError(f"CosineDecayRestarts: t_mul must be at least 1, got {t_mul}")
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: int) -> float:
        """See the class."""
        done = step / self.first_decay_steps
        if self.t_mul == 1:
            restarts = math.floor(done)
            done -= restarts
        else:
            # Lengths grow like a power, so restarts are few: no logarithm that could round.
            restarts, length = 0, 1.0
            while done >= length:
                done -= length
                length *= self.t_mul
                restarts += 1
            done /= length
        height = float(self.m_mul) ** restarts * (1 + math.cos(math.pi * done)) / 2
        return self.initial_learning_rate * ((1 - self.alpha) * height + self.alpha)


class OneCycle(LearningRateSchedule):
    """One rise and one fall (Smith, 2018), as PyTorch's ``OneCycleLR``; Keras has none.

    From ``max_learning_rate / div_factor`` to ``max_learning_rate`` in the first ``pct_start`` of
    the steps, then down to ``max_learning_rate / div_factor / final_div_factor``, where it stays.
    Momentum does not change.

    Args:
        max_learning_rate: The highest rate.
        total_steps: Steps of the cycle: epochs times steps per epoch.
        pct_start: Share of the steps in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        div_factor: How many times lower the first rate is than the highest.
        final_div_factor: How many times lower the last rate is than the first.
        three_phase: Whether it falls in the same number of steps to the first rate, and to the
            last one in those that are left.
        name: For messages.
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        name: str = "OneCycle",
    ) -> None:
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycle: pct_start must lie between 0 and 1, got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycle: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}"
            )
        self.max_learning_rate = max_learning_rate
        self.total_steps = _steps(self, "total_steps", total_steps)
        self.pct_start = pct_start
        self.anneal_strategy = anneal_strategy
        self.div_factor = _steps(self, "div_factor", div_factor)
        self.final_div_factor = _steps(self, "final_div_factor", final_div_factor)
        self.three_phase = three_phase
        self.name = name

    def __call__(self, step: int) -> float:
        """See the class."""
        high = self.max_learning_rate
        first = high / self.div_factor
        last = first / self.final_div_factor
        rise, end = self.pct_start * self.total_steps - 1, self.total_steps - 1.0
        phases = [(rise, first, high), (end, high, last)]
        if self.three_phase:
            phases = [(rise, first, high), (2 * rise, high, first), (end, first, last)]
        begin = 0.0
        for stop, start, target in phases:
            if step <= stop:
                done = (step - begin) / (stop - begin) if stop > begin else 1.0
                if self.anneal_strategy == "linear":
                    return start + (target - start) * done
                return target + (start - target) * (1 + math.cos(math.pi * done)) / 2
            begin = stop
        return last


class LinearWarmup(LearningRateSchedule):
    """A straight rise, then any other rate; Keras has it as part of :class:`CosineDecay` alone.

    Args:
        learning_rate: What comes after the rise: a number, or a schedule, which counts its steps
            from there. The rise ends at its first rate.
        warmup_steps: Steps of the rise.
        initial_learning_rate: The first rate.
        name: For messages.
    """

    def __init__(
        self,
        learning_rate: Any,
        warmup_steps: int,
        initial_learning_rate: float = 0.0,
        name: str = "LinearWarmup",
    ) -> None:
        self.learning_rate = learning_rate
        self.warmup_steps = _steps(self, "warmup_steps", warmup_steps)
        self.initial_learning_rate = initial_learning_rate
        self.name = name

    def __call__(self, step: int) -> float:
        """See the class."""
        rate, late = self.learning_rate, step - self.warmup_steps
        if late >= 0:
            return float(rate(late) if callable(rate) else rate)
        target = float(rate(0) if callable(rate) else rate)
        start = self.initial_learning_rate
        return start + (target - start) * step / self.warmup_steps

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LinearWarmup:
        """Make the schedule that ``get_config`` described."""
        rate = config.get("learning_rate")
        if isinstance(rate, Mapping):
            return cls(**{**config, "learning_rate": deserialize(rate)})
        if isinstance(rate, str):
            return cls(**{**config, "learning_rate": lookup("learning rate schedule", rate, {})})
        return cls(**config)


_TABLE: dict[str, type[LearningRateSchedule]] = {
    kind.__name__: kind
    for kind in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        LinearWarmup,
        OneCycle,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule as JSON data."""
    return describe(learning_rate_schedule)  # type: ignore[no-any-return]


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> LearningRateSchedule:
    """The schedule that :func:`serialize` described.

    Raises:
        ValueError: An unknown name, or arguments that its class does not take.
    """
    with custom_object_scope(custom_objects):
        return revive("learning rate schedule", config, _TABLE)  # type: ignore[no-any-return]
