"""Muon: steps along orthogonal matrices."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fastcnn import ops
from fastcnn._deprecation import renamed_arguments
from fastcnn.graph import Tensor
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.variable import Variable
from fastcnn.ops import UpdateOptions
from fastcnn.ops.optimizer.norms import JORDAN, orthogonalized
from fastcnn.optimizers.optimizer import Optimizer, Rate, Settings, checked_factor

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Muon"]


class Muon(Optimizer):
    """Momentum orthogonalized by Newton-Schulz (Jordan et al., 2024) for matrices, AdamW for the
    rest, in Keras' form.

    ``m = momentum * m + gradient``; the direction, ``gradient + momentum * m`` with ``nesterov``,
    else ``m``, is brought close to the nearest orthogonal matrix
    (:func:`fastcnn.ops.optimizer.norms.orthogonalized`), times ``rms_rate`` and the root of its
    longer side.

    Args:
        learning_rate: See :class:`Optimizer`.
        adam_beta_1: See :class:`fastcnn.optimizers.Adam`.
        adam_beta_2: See :class:`fastcnn.optimizers.Adam`.
        adam_weight_decay: Weight decay of what is not a matrix; ``None`` for none.
        epsilon: See :class:`fastcnn.optimizers.Adam`.
        weight_decay: Weight decay of matrices; ``None`` for none.
        name: See :class:`Optimizer`.
        exclude_layers: Regular expressions: weights in whose name one is found go to AdamW.
        exclude_embeddings: Whether weights with ``embedding`` in their name do.
        muon_a: Coefficients of the iteration.
        muon_b: The same.
        muon_c: The same.
        adam_lr_ratio: Factor of the learning rate of AdamW; above 0.
        momentum: Share of ``m`` that stays.
        ns_steps: Iterations.
        nesterov: Whether to look ahead.
        rms_rate: See above; ``None`` leaves the orthogonal matrix as it is.
        filters: Whether filters of convolutions are matrices too, with a row for every input of a
            window, as in Jordan's own. Keras leaves them to AdamW.
        settings: See :class:`Optimizer`. With ``gradient_accumulation_steps`` the iteration runs
            in every step, though only the last of them uses it.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        name: str = "muon",
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = JORDAN[0],
        muon_b: float = JORDAN[1],
        muon_c: float = JORDAN[2],
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        filters: bool = False,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, weight_decay, name=name, **settings)
        if not adam_lr_ratio > 0:
            raise ValueError(f"{name}: adam_lr_ratio must be above 0, got {adam_lr_ratio}")
        if ns_steps < 0:
            raise ValueError(f"{name}: ns_steps must be at least 0, got {ns_steps}")
        self.adam_beta_1 = checked_factor(name, "adam_beta_1", adam_beta_1, below=True)
        self.adam_beta_2 = checked_factor(name, "adam_beta_2", adam_beta_2, below=True)
        numbers = {
            "adam_weight_decay": adam_weight_decay,
            "muon_a": muon_a,
            "muon_b": muon_b,
            "muon_c": muon_c,
            "adam_lr_ratio": adam_lr_ratio,
            "rms_rate": rms_rate,
        }
        for key, value in numbers.items():
            if value is not None:
                checked_float32(name, key, value)
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = checked_float32(name, "epsilon", epsilon, divides=True)
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = bool(exclude_embeddings)
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = checked_factor(name, "momentum", momentum)
        self.ns_steps = ns_steps
        self.nesterov = bool(nesterov)
        self.rms_rate = rms_rate
        self.filters = bool(filters)

    def is_matrix(self, variable: Variable) -> bool:
        """Whether a Variable's steps are orthogonalized."""
        rank = len(variable.shape)
        return (
            (rank == 2 or (self.filters and rank > 2))
            and not (self.exclude_embeddings and "embedding" in variable.name.lower())
            and not any(re.search(pattern, variable.name) for pattern in self.exclude_layers)
        )

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """``m``; for AdamW ``m`` and ``v``."""
        return (0.0,) if self.is_matrix(variable) else (0.0, 0.0)

    @renamed_arguments(around="options")
    def update(
        self,
        gradient: Tensor,
        variable: Variable,
        learning_rate: Tensor,
        step: Tensor,
        options: UpdateOptions,
    ) -> list[Tensor]:
        """See the class."""
        if self.is_matrix(variable):
            return self._orthogonal(gradient, variable, learning_rate, options)
        # Decay goes by the learning rate itself.
        decay = (self.adam_weight_decay or 0.0) / self.adam_lr_ratio
        adam = dataclasses.replace(
            options,
            weight_decay=decay if self.decays(variable) else 0.0,
            rate_factor=options.rate_factor * self.adam_lr_ratio,
        )
        m, v = self.slots(variable)
        update = ops.adam_update(
            variable,
            gradient,
            m,
            v,
            learning_rate,
            step,
            beta_1=self.adam_beta_1,
            beta_2=self.adam_beta_2,
            epsilon=self.epsilon,
            options=adam,
        )
        return [update]

    def _orthogonal(
        self, gradient: Tensor, variable: Variable, learning_rate: Tensor, options: UpdateOptions
    ) -> list[Tensor]:
        (m,) = self.slots(variable)
        momentum = np.float32(self.momentum)
        mean = _prepared(gradient, options)
        direction = ops.add(ops.multiply(m.tensor, momentum), mean)
        if self.nesterov:
            direction = ops.add(mean, ops.multiply(direction, momentum))
        columns = variable.shape[-1]
        rows = math.prod(variable.shape[:-1])
        matrix = orthogonalized(
            ops.reshape(direction, (rows, columns)),
            steps=self.ns_steps,
            coefficients=(self.muon_a, self.muon_b, self.muon_c),
        )
        size = 1.0 if self.rms_rate is None else self.rms_rate * math.sqrt(max(rows, columns))
        # The decay of the whole step goes by the learning rate, without the size.
        after = dataclasses.replace(
            options,
            gradient_factor=size,
            scale=None,
            limit=math.inf,
            sum=None,
        )
        before = dataclasses.replace(
            options, weight_decay=0.0, rate_factor=1.0, average=None, overwrite_every=0
        )
        return [
            ops.momentum_accumulate(m, gradient, learning_rate, self.momentum, options=before),
            ops.sgd_update(
                variable, ops.reshape(matrix, variable.shape), None, learning_rate, options=after
            ),
        ]


def _prepared(gradient: Tensor, options: UpdateOptions) -> Tensor:
    """The gradient that a step with these options follows."""
    g = gradient if options.sum is None else ops.add(gradient, options.sum.tensor)
    if options.gradient_factor != 1:
        g = ops.multiply(g, np.float32(options.gradient_factor))
    if options.scale is not None:
        g = ops.multiply(g, options.scale)
    if options.limit < math.inf:
        bound = np.float32(options.limit)
        g = ops.minimum(ops.maximum(g, -bound), bound)
    return g
