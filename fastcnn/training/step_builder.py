"""Training steps: forward, loss, gradients, optimizer and metrics in one call into C++."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import graph, optimizers
from fastcnn.constraints import constrained
from fastcnn.graph import Tensor
from fastcnn.graph.variable import Variable
from fastcnn.optimizers import Optimizer
from fastcnn.profiling import Profile

__all__ = ["TrainingStep", "training_step"]

Array = NDArray[Any]


class TrainingStep:
    """A compiled training step; made by :func:`training_step`.

    Learning rate and step number are inputs that it fills in by itself. Calls from several threads
    are run one after the other, also calls of other steps with the same optimizer.
    """

    def __init__(
        self,
        loss: Tensor,
        variables: Sequence[Variable],
        optimizer: Optimizer,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        assignments: Sequence[Tensor],
        step: Tensor | None,
    ) -> None:
        learning_rate = graph.placeholder((), "float32", name="learning_rate")
        step = graph.placeholder((), "int64", name="step") if step is None else step
        gradients = graph.gradients(optimizer.scale_loss(loss), list(variables))
        updates = constrained(optimizer.updates(gradients, list(variables), learning_rate, step))
        self.function = graph.compile(
            [*inputs, learning_rate, step], [loss, *outputs], [*updates, *assignments]
        )
        self._optimizer = optimizer
        # Written in place before each run, so that a step allocates nothing for them.
        self._learning_rate = np.zeros((), np.float32)
        self._step = np.zeros((), np.int64)

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        """Make one step.

        With ``gradient_accumulation_steps`` most steps only gather gradients; assignments are made
        in each.

        Args:
            arrays: One for each input, C-contiguous, of exactly its shape and dtype.

        Returns:
            The loss and the outputs. The Variables have been updated in place.
        """
        optimizer = self._optimizer
        with optimizer.lock:
            step = optimizer.iterations + 1
            self._learning_rate[()] = optimizer.learning_rate
            self._step[()] = step
            results = self.function(*arrays, self._learning_rate, self._step)
            optimizer.iterations = step
        return results

    def profile(self, *arrays: Array, **settings: Any) -> Profile:
        """Records where the time of a step goes; weights, optimizer and step number are afterwards
        as they were.

        Args:
            arrays: As for a call.
            settings: See :meth:`fastcnn.graph.Function.profile`.
        """
        optimizer = self._optimizer
        with optimizer.lock:
            self._learning_rate[()] = optimizer.learning_rate
            self._step[()] = optimizer.iterations + 1
            return self.function.profile(*arrays, self._learning_rate, self._step, **settings)


def training_step(
    loss: Tensor,
    variables: Sequence[Variable],
    optimizer: Optimizer | str,
    *,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor] = (),
    assignments: Sequence[Tensor] = (),
    step: Tensor | None = None,
) -> TrainingStep:
    """Compile a training step of any number of models in one graph.

    The graph is made of Tensors: placeholders (:func:`fastcnn.graph.placeholder`), layers and
    models called on them, operations (:mod:`fastcnn.ops`), losses. ``fit`` makes its step so too;
    one of your own may have what ``fit`` cannot express: several models, a loss that depends on
    gradients (:func:`fastcnn.graph.gradients`, also of inputs), updates of other Variables.
    examples/ has three: adversarial training, distillation, a gradient penalty.

    Args:
        loss: Scalar to be made smaller. Parts behind ``ops.stop_gradient`` get no gradient.
        variables: What to train: for a model its ``trainable_weights``.
        optimizer: Object or name of :mod:`fastcnn.optimizers`; its state and step count are shared
            with other steps that use it. Learning rate and step number are inputs that the step
            fills in itself: a schedule, or a rate set by hand, compiles nothing again.
        inputs: Placeholders, in the order in which arrays will be given.
        outputs: Further Tensors to return.
        assignments: Further updates: moving statistics (``trace.assignments`` of
            :func:`fastcnn.tracing`), averages of weights, anything of ``fastcnn.ops.assign``.
        step: Scalar int64 input that random layers read (``trace.step``); it gets the number of the
            step, 1 in the first.

    Returns:
        A function of arrays that makes one step in one call into C++ and returns the loss and the
        outputs.

    Raises:
        ValueError: The loss is not a scalar, there is nothing to train, or the loss needs a
            placeholder that is not listed.

    Example:
        >>> import numpy as np
        >>> from fastcnn import graph, layers, losses
        >>> x, y = graph.placeholder((8, 2)), graph.placeholder((8, 1))
        >>> layer = layers.Dense(1)
        >>> loss = losses.MeanSquaredError()(y, layer(x))
        >>> step = training_step(loss, layer.trainable_weights, "sgd", inputs=[x, y])
        >>> first, = step(np.ones((8, 2), np.float32), np.ones((8, 1), np.float32))
        >>> second, = step(np.ones((8, 2), np.float32), np.ones((8, 1), np.float32))
        >>> bool(second < first)
        True
    """
    if not isinstance(loss, Tensor):
        raise TypeError(
            f"training_step: the loss must be a scalar Tensor, got {type(loss).__name__}: "
            "operations on arrays and Variables alone run at once. Build it of placeholders inside "
            "'with fastcnn.tracing():'"
        )
    if loss.shape != ():
        raise ValueError(
            f"training_step: the loss must be a scalar Tensor, got shape {loss.shape}; take the "
            "mean of one loss per example: ops.mean(loss)"
        )
    if not variables:
        raise ValueError("training_step: there is nothing to train: variables is empty")
    return TrainingStep(
        loss, variables, optimizers.get(optimizer), inputs, outputs, assignments, step
    )
