"""One pass of a batch through a model, its losses and metrics, as a graph."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastcnn import graph, ops
from fastcnn.data_adapters.adapters import Batch
from fastcnn.graph import Tensor
from fastcnn.graph.trace_mode import origin
from fastcnn.layers.base.regularization_losses import penalties
from fastcnn.layers.base.trace_context import Trace, tracing
from fastcnn.training.compiled_losses import StepOutputs
from fastcnn.training.protocols import CompiledModel
from fastcnn.tree import flatten

__all__ = ["TracedStep", "trace_step"]


@dataclass(frozen=True)
class TracedStep:
    """What a batch of given shapes and dtypes becomes; the same for training, measuring, and
    finding out where a NaN came from.

    Attributes:
        inputs: Placeholders for the arrays of the batch.
        plan: How to read the results. The loss includes the penalties.
        penalties: What regularizers add to the loss, each with its owner, for messages.
        trace: What the layers left behind: updates of moving statistics, the random step.
    """

    inputs: tuple[Tensor, ...]
    plan: StepOutputs
    penalties: tuple[tuple[str, Tensor], ...]
    trace: Trace

    @property
    def random_inputs(self) -> list[Tensor]:
        """The step number that random layers read, if there are any."""
        return [] if self.trace.step is None else [self.trace.step]


def trace_step(
    model: CompiledModel, batch: Batch, *, train: bool, record_calls: bool = False
) -> TracedStep:
    """Trace ``model`` and what it was compiled with on placeholders for ``batch``.

    Args:
        model: A compiled model.
        batch: Its arrays give shapes and dtypes; their values are not read.
        train: Whether layers behave as in training.
        record_calls: Whether to keep the outputs of every layer in ``trace.calls``.

    Raises:
        ValueError: Labels, sample weights, losses or regularizers do not fit.
    """
    assert model.objective is not None
    inputs = [
        graph.placeholder(array.shape, array.dtype, name=f"input_{index}")
        for index, array in enumerate(batch.arrays)
    ]
    x, y, _ = batch.layout
    with tracing(training=train) as trace:
        if record_calls:
            trace.calls = []
        outputs = flatten(model.on_tensors(inputs[:x]))
        names = model.named_outputs or model.name_outputs(len(outputs))
        with origin(("loss",)):
            plan = model.objective.build(inputs[x : x + y], outputs, inputs[x + y :], names)
    with origin(("loss",)):
        added = penalties(model, trace)
        loss = plan.loss
        for _, penalty in added:
            loss = ops.add(loss, penalty)
    return TracedStep(tuple(inputs), replace(plan, loss=loss), tuple(added), trace)
