"""What all optimizers share: learning rate, state, clipping, and their place in a graph."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from fastcnn import ops, schedules
from fastcnn._deprecation import renamed_arguments
from fastcnn.config import Configurable, lookup, serialize
from fastcnn.graph import Tensor
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.locks import fork_safe_lock
from fastcnn.graph.trace_mode import origin
from fastcnn.graph.variable import Variable
from fastcnn.ops.optimizer.norms import sum_of_squares
from fastcnn.optimizers.eager_updates import EagerUpdates

if TYPE_CHECKING:
    from fastcnn.ops import UpdateOptions
from fastcnn.naming import checked_name

__all__ = ["Optimizer", "Rate", "Settings", "checked_factor"]

#: What ``learning_rate`` may be: a number, a schedule, or a function of the finished steps.
Rate = float | Callable[[int], float]


class Settings(TypedDict, total=False):
    """Keyword arguments of every optimizer: see :class:`Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    learning_rate_multipliers: Mapping[str, float] | None


class _Number(float):
    """A learning rate as a number that can also be assigned to, as in Keras."""

    _optimizer: Optimizer

    def assign(self, value: Any) -> None:
        """Set the rate of the optimizer that this was read from."""
        self._optimizer.learning_rate = value

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)

    def numpy(self) -> np.float32:
        """The number as NumPy's."""
        return np.float32(self)


class Optimizer(Configurable):
    """Turns gradients into updates of Variables.

    One of your own defines :meth:`slot_values` and :meth:`update`.

    Args:
        learning_rate: A positive number, a schedule of :mod:`fastcnn.schedules`, or any function
            of the number of finished steps.
        weight_decay: Decoupled weight decay (Loshchilov and Hutter, 2019): before each step
            ``w -= weight_decay * learning_rate * w``. See also :meth:`exclude_from_weight_decay`.
        clipnorm: Bound of the norm of each gradient.
        clipvalue: Bound of each element of a gradient.
        global_clipnorm: Bound of the norm of all gradients together.
        use_ema: Whether to keep a moving average of each weight, which takes its place when
            ``fit`` ends (:meth:`finalize_variable_values`).
        ema_momentum: Share of the old average that a step keeps.
        ema_overwrite_frequency: After so many updates the weights become their averages, also in
            mid-training; ``None`` for never.
        loss_scale_factor: Factor of the loss before gradients are computed, which are divided by
            it again.
        gradient_accumulation_steps: Weights are updated only every so many steps, at least 2, with
            the mean of the gradients since the last time. Schedules count all steps.
        learning_rate_multipliers: Factors of the learning rate by layer: ``{"^head/": 10.0}``
            multiplies it for every weight in whose name (``layer/weight``) the regular expression
            is found; the first that is found counts. 0 keeps a weight as it is.
        name: For messages.

    Attributes:
        iterations: Number of finished steps; with accumulation also those that updated nothing.
        lock: Held during a step, since steps of several Programs may share the optimizer.

    Raises:
        ValueError: A number that is out of range, two ways of clipping, or no regular expression.
    """

    #: Whether one step takes the gradient of the whole training set.
    full_batch = False

    def __init__(
        self,
        learning_rate: Rate,
        weight_decay: float | None = None,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        learning_rate_multipliers: Mapping[str, float] | None = None,
        name: str | None = None,
    ) -> None:
        self.name = checked_name(self, name) or type(self).__name__
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = bool(use_ema)
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.learning_rate_multipliers = dict(learning_rate_multipliers or {})
        self._check_settings()
        self.learning_rate = learning_rate
        self.iterations = 0
        self.lock = fork_safe_lock()
        self._state: dict[int, _State] = {}
        #: Steps of :meth:`apply`, by the Variables.
        self._eager: dict[tuple[int, ...], EagerUpdates] = {}
        self._kept: tuple[set[Variable], list[str]] = (set(), [])

    def __getstate__(self) -> dict[str, Any]:
        """Attributes for ``pickle`` and ``copy``."""
        state = {k: value for k, value in vars(self).items() if k not in ("lock", "_eager")}
        return {**state, "_state": list(self._state.values())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.lock = fork_safe_lock()
        self._eager = {}
        self._state = {id(each.variable): each for each in state["_state"]}

    def _check_settings(self) -> None:
        bounds = {
            "clipnorm": self.clipnorm,
            "clipvalue": self.clipvalue,
            "global_clipnorm": self.global_clipnorm,
        }
        given = {key: value for key, value in bounds.items() if value is not None}
        if len(given) > 1 or any(not value > 0 for value in given.values()):
            raise ValueError(
                f"{self.name}: at most one of clipnorm, clipvalue and global_clipnorm may be "
                f"given, and it must be positive; got {given}"
            )
        for key, bound in given.items():
            if bound != math.inf:
                checked_float32(self.name, key, bound, divides=True)
        if self.weight_decay is not None and not 0 <= self.weight_decay < math.inf:
            raise ValueError(
                f"{self.name}: weight_decay must be at least 0, got {self.weight_decay}"
            )
        checked_factor(self.name, "ema_momentum", self.ema_momentum)
        if self.loss_scale_factor is not None and not 0 < self.loss_scale_factor < math.inf:
            raise ValueError(
                f"{self.name}: loss_scale_factor must be positive, got {self.loss_scale_factor}"
            )
        if self.weight_decay is not None:
            checked_float32(self.name, "weight_decay", self.weight_decay)
        if self.loss_scale_factor is not None:
            scale = checked_float32(
                self.name, "loss_scale_factor", self.loss_scale_factor, divides=True
            )
            checked_float32(self.name, "1 / loss_scale_factor", 1 / scale, divides=True)
        for key, value, least in (
            ("ema_overwrite_frequency", self.ema_overwrite_frequency, 1),
            ("gradient_accumulation_steps", self.gradient_accumulation_steps, 2),
        ):
            if value is not None and (type(value) is not int or value < least):
                raise ValueError(
                    f"{self.name}: {key} must be None or an int of at least {least}, got {value!r}"
                )
        for pattern, factor in self.learning_rate_multipliers.items():
            try:
                re.compile(pattern)
            except (re.error, TypeError) as error:
                raise ValueError(
                    f"{self.name}: learning_rate_multipliers: {pattern!r} is not a regular "
                    f"expression: {error}"
                ) from error
            if not 0 <= factor < math.inf:
                raise ValueError(
                    f"{self.name}: learning_rate_multipliers: the factor of {pattern!r} must be "
                    f"at least 0, got {factor}"
                )

    @property
    def learning_rate(self) -> _Number:
        """The rate of the next step; assign a number or a function of the step to change it."""
        rate = self._learning_rate
        number = _Number(rate(self.iterations) if callable(rate) else rate)
        number._optimizer = self
        return number

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if not callable(value):
            value = float(value)
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{self.name}: learning_rate must be at least 0, got {value}")
            checked_float32(self.name, "learning_rate", value)
        self._learning_rate: Rate = value

    @property
    def schedule(self) -> Callable[[int], float] | None:
        """The function of the step that gives the rate, if it is one."""
        return self._learning_rate if callable(self._learning_rate) else None

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments as JSON data; a schedule by class and configuration, a function by
        its name.
        """
        return {**super().get_config(), "learning_rate": serialize(self._learning_rate)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """Make the optimizer that :meth:`get_config` described."""
        rate = config.get("learning_rate")
        if isinstance(rate, str):
            config = {**config, "learning_rate": lookup("learning rate schedule", rate, {})}
        elif isinstance(rate, Mapping):
            config = {**config, "learning_rate": schedules.deserialize(rate)}
        return cls(**config)

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Keep Variables from weight decay.

        Args:
            var_list: The Variables.
            var_names: Regular expressions: ``["bias"]`` means all whose names have ``bias`` in
                them.

        Raises:
            ValueError: A step has been compiled with the optimizer already.
        """
        if self._state:
            raise ValueError(
                f"{self.name}: exclude_from_weight_decay must be called before the first step"
            )
        self._kept = (set(var_list or ()), list(var_names or ()))

    def decays(self, variable: Variable) -> bool:
        """Whether weight decay applies to a Variable."""
        variables, patterns = self._kept
        return variable not in variables and not any(
            re.search(pattern, variable.name) for pattern in patterns
        )

    def slot_values(self, variable: Variable) -> Sequence[float]:
        """The first value of each Variable of state that belongs to a trained Variable."""
        return ()

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state of ``variables``; state that is there is kept."""
        with self.lock:
            for variable in variables:
                if id(variable) not in self._state:
                    self._state[id(variable)] = self._new_state(variable)

    def _new_state(self, variable: Variable) -> _State:
        def made(name: str, value: float = 0.0) -> Variable:
            array = np.full(variable.shape, value, variable.dtype)
            return Variable(array, name=f"{self.name}/{variable.name}/{name}", trainable=False)

        return _State(
            variable,
            [made(str(index), value) for index, value in enumerate(self.slot_values(variable))],
            made("average") if self.use_ema else None,
            made("gradients") if self.gradient_accumulation_steps else None,
        )

    def slots(self, variable: Variable) -> list[Variable]:
        """State of one Variable that is the rule's own: one for each of :meth:`slot_values`."""
        self.build([variable])
        return self._state[id(variable)].slots

    def state(self, variable: Variable) -> list[Variable]:
        """All state of one Variable: slots, moving average, gathered gradients."""
        self.build([variable])
        return self._state[id(variable)].all()

    def existing_slots(self, variable: Variable) -> list[Variable]:
        """All state of one Variable, without making any."""
        return self._state[id(variable)].all() if id(variable) in self._state else []

    @property
    def variables(self) -> list[Variable]:
        """All state made so far: slots, moving averages, gathered gradients. Step number and
        learning rate are :attr:`iterations` and :attr:`learning_rate`.
        """
        return [part for state in self._state.values() for part in state.all()]

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable]) -> None:
        """Make one step at once, on gradients that are arrays.

        ``fit`` and :func:`fastcnn.training_step` have the step in the same call into C++ as the
        gradients, which is faster.

        Args:
            grads: One array for each Variable, of its shape; None leaves a Variable as it is.
            trainable_variables: The Variables.

        Raises:
            ValueError: Another number of gradients, or one of another shape.
        """
        if len(grads) != len(trainable_variables):
            raise ValueError(
                f"{self.name}: apply() got {len(grads)} gradients for {len(trainable_variables)} "
                "variables"
            )
        pairs = [
            (grad, variable)
            for grad, variable in zip(grads, trainable_variables, strict=True)
            if grad is not None
        ]
        if not pairs:
            return
        chosen = [variable for _, variable in pairs]
        key = tuple(map(id, chosen))
        with self.lock:
            if key not in self._eager:
                self._eager[key] = EagerUpdates(self, chosen)
        self._eager[key].run(self, [grad for grad, _ in pairs])

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> None:
        """:meth:`apply` with pairs of gradient and Variable."""
        pairs = list(grads_and_vars)
        self.apply([grad for grad, _ in pairs], [variable for _, variable in pairs])

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss times ``loss_scale_factor``: what gradients are to be computed of."""
        if self.loss_scale_factor is None:
            return loss
        return ops.multiply(loss, np.float32(self.loss_scale_factor))  # type: ignore[no-any-return]

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Set Variables to their moving averages, if there are any, as ``fit`` does at its end."""
        with self.lock:
            for variable in var_list:
                state = self._state.get(id(variable))
                if state is not None and state.average is not None and self.iterations:
                    variable.assign(state.average.numpy())

    def updates(
        self,
        gradients: Sequence[Tensor],
        variables: Sequence[Variable],
        learning_rate: Tensor,
        step: Tensor,
    ) -> list[Tensor]:
        """Update operations of one step.

        Args:
            gradients: One per Variable, of its shape, of :meth:`scale_loss`.
            variables: What to update.
            learning_rate: Scalar float32 input.
            step: Scalar int64 input, 1 in the first step.
        """
        self.build(variables)
        for pattern in self.learning_rate_multipliers:
            if not any(re.search(pattern, variable.name) for variable in variables):
                warnings.warn(
                    f"{self.name}: learning_rate_multipliers: {pattern!r} is found in the name of "
                    f"no trained weight; they are {', '.join(v.name for v in variables)}"[:500],
                    stacklevel=2,
                )
        with origin((self.name,)):
            scales = self._scales(gradients, variables)
        updates: list[Tensor] = []
        for gradient, variable, scale in zip(gradients, variables, scales, strict=True):
            with origin((f"{self.name}/{variable.name}",)):
                options = self._update_options(variable, scale, step)
                updates += self.update(gradient, variable, learning_rate, step, options)
        return updates

    @renamed_arguments(around="options")
    def update(
        self,
        gradient: Tensor,
        variable: Variable,
        learning_rate: Tensor,
        step: Tensor,
        options: UpdateOptions,
    ) -> list[Tensor]:
        """Update operations of one Variable.

        Args:
            gradient: Of its shape.
            variable: What to update.
            learning_rate: Scalar float32.
            step: Scalar int64; with accumulation it counts all steps.
            options: Weight decay, clipping and what else the settings ask for, to be handed to a
                step of :mod:`fastcnn.ops` such as ``ops.sgd_update``.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update()")

    def _gradient_factor(self) -> float:
        return 1 / ((self.gradient_accumulation_steps or 1) * (self.loss_scale_factor or 1.0))

    def _update_options(
        self, variable: Variable, scale: Tensor | None, step: Tensor
    ) -> UpdateOptions:
        state = self._state[id(variable)]
        factors = self.learning_rate_multipliers.items()
        found = (factor for pattern, factor in factors if re.search(pattern, variable.name))
        return ops.UpdateOptions(
            gradient_factor=self._gradient_factor(),
            scale=scale,
            limit=math.inf if self.clipvalue is None else self.clipvalue,
            weight_decay=(self.weight_decay or 0.0) if self.decays(variable) else 0.0,
            rate_factor=next(found, 1.0),
            every=self.gradient_accumulation_steps or 1,
            sum=state.sum,
            average=state.average,
            average_momentum=self.ema_momentum,
            overwrite_every=self.ema_overwrite_frequency or 0,
            step=step,
        )

    def _scales(
        self, gradients: Sequence[Tensor], variables: Sequence[Variable]
    ) -> list[Tensor | None]:
        """What each gradient is multiplied with so that norms keep to their bound."""
        bound = self.clipnorm if self.global_clipnorm is None else self.global_clipnorm
        if bound is None or not gradients:
            return [None] * len(gradients)
        squares = [
            sum_of_squares(gradient, self._state[id(variable)].sum)
            for gradient, variable in zip(gradients, variables, strict=True)
        ]
        if self.global_clipnorm is not None:
            total = squares[0]
            for square in squares[1:]:
                total = ops.add(total, square)
            squares = [total]
        factor = np.float32(self._gradient_factor())
        limit = np.float32(bound)
        scales = [
            ops.divide(limit, ops.maximum(ops.multiply(ops.sqrt(square), factor), limit))
            for square in squares
        ]
        return scales * len(gradients) if self.global_clipnorm is not None else scales


class _State:
    """What an optimizer keeps of one Variable."""

    def __init__(
        self,
        variable: Variable,
        slots: list[Variable],
        average: Variable | None,
        gradients: Variable | None,
    ) -> None:
        # The Variable stays beside its state: ids are unique only among the living.
        self.variable = variable
        self.slots = slots
        self.average = average
        self.sum = gradients

    def all(self) -> list[Variable]:
        return self.slots + [part for part in (self.average, self.sum) if part is not None]


def checked_factor(owner: str, name: str, value: float, *, below: bool = False) -> float:
    """A setting between 0 and 1, or with ``below`` less than 1.

    Raises:
        ValueError: It is not.
    """
    value = float(value)
    if not (0 <= value < 1 if below else 0 <= value <= 1):
        what = "be at least 0 and below 1" if below else "lie between 0 and 1"
        raise ValueError(f"{owner}: {name} must {what}, got {value}")
    return value
