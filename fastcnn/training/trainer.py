"""compile, fit, evaluate and predict, with Keras' arguments and meaning."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from numpy import integer
from numpy.typing import NDArray

from fastcnn import optimizers
from fastcnn.data_adapters.adapters import Batch, Converter, open_data
from fastcnn.data_adapters.array_slicing import as_contiguous
from fastcnn.data_adapters.epoch_iterator import EpochIterator
from fastcnn.data_adapters.example_batch import example_inputs
from fastcnn.data_adapters.input_standardization import InputStandardizer
from fastcnn.data_adapters.validation_split import split_arrays
from fastcnn.graph import Function
from fastcnn.layers import Layer
from fastcnn.layers.base.keras_tensor import KerasTensor, Shape
from fastcnn.messages import Advice, brief, suggesting
from fastcnn.optimizers import Optimizer
from fastcnn.profiling import Plan, Profile
from fastcnn.seeding import next_seed
from fastcnn.training.callback import Callback, CallbackList, History, as_list
from fastcnn.training.compiled_losses import CompileLossAndMetrics, MetricAccumulator
from fastcnn.training.fit_state import FitState
from fastcnn.training.full_batch import FullBatch
from fastcnn.training.held_out import HeldOut
from fastcnn.training.loops import gather_outputs, measure, train_epoch
from fastcnn.training.nan_diagnosis import refuse_nan
from fastcnn.training.progress_bar import Progress, resolve_verbose
from fastcnn.training.ran_out import warn_fewer, warn_training_ends
from fastcnn.training.step_builder import TrainingStep
from fastcnn.training.step_cache import Programs

__all__ = ["Trainer"]

Array = NDArray[Any]


_LOOP = (
    "write the loop yourself, with fastcnn.training_step(loss, variables, optimizer, inputs=[...]) "
    "for the step"
)
#: What subclasses override in Keras, and what to use here.
_KERAS_HOOKS = {
    "train_step": _LOOP,
    "test_step": f"hand what it measures to compile(metrics=[...]), or {_LOOP}",
    "predict_step": "put what it computes into call()",
    "compute_loss": f"hand compile(loss=...) a function of (y_true, y_pred), or {_LOOP}",
    "compute_metrics": "hand what it measures to compile(metrics=[...])",
}


class Trainer(Layer):
    """The half of a model that runs it over data.

    Attributes:
        optimizer: What ``compile`` was given.
        objective: Losses and metrics that ``compile`` was given.
        stop_training: Set it in a callback to end ``fit`` after the current step.
        history: What the last ``fit`` returned.
        epochs_done: Training epochs begun so far, over all calls; numbers the shuffled orders.
        place: Where the last ``fit`` is.
    """

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.optimizer: Optimizer | None = None
        self.objective: CompileLossAndMetrics | None = None
        self.stop_training = False
        self.history: History | None = None
        self.shuffle_seed = next_seed()
        self.epochs_done = 0
        self._log_names: list[str] = ["loss"]
        self.place: FitState | None = None
        self.programs = Programs(self)
        self._feed = InputStandardizer(self)

    @property
    def input_specs(self) -> list[KerasTensor] | None:
        """The model's symbolic inputs; ``None`` while they are not known."""
        raise NotImplementedError

    @property
    def output_names(self) -> list[str] | None:
        """Names of the outputs; ``None`` while they are not known."""
        raise NotImplementedError

    @property
    def named_inputs(self) -> Any:
        """Names of the inputs in their structure; ``None`` while they are not known."""
        raise NotImplementedError

    @property
    def named_outputs(self) -> Any:
        """Names of the outputs in their structure; ``None`` while they are not known."""
        raise NotImplementedError

    @property
    def output_shapes(self) -> list[Shape] | None:
        """Shapes of the outputs; ``None`` while they are not known."""
        raise NotImplementedError

    def name_outputs(self, count: int) -> list[str]:
        """Names for outputs that have none."""
        return ["output"] if count == 1 else [f"output_{index}" for index in range(count)]

    def on_tensors(self, tensors: Sequence[Any]) -> Any:
        """The model's outputs for graph Tensors, one per input."""
        raise NotImplementedError

    def prepare(self, x: Any) -> None:
        """Called with input arrays before anything else; a chance to build for their shapes."""

    def find_outputs(self) -> None:
        """Called when :attr:`named_outputs` are needed and not known."""

    @suggesting
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: str | bool = "auto",
    ) -> None:
        """Say how the model is to be trained and measured.

        Args:
            optimizer: Name or object of :mod:`fastcnn.optimizers`.
            loss: Name, object or function of :mod:`fastcnn.losses`; for several outputs a list or
                a dict by name, or in the structure of the outputs.
            loss_weights: Factors of the outputs' losses, in the same form.
            metrics: List of names, objects or functions of :mod:`fastcnn.metrics`.
            weighted_metrics: Metrics that take sample weights into account.
            run_eagerly: ``False`` only.
            steps_per_execution: Accepted for Keras' sake; changes nothing.
            jit_compile: Accepted for Keras' sake; every step is compiled.

        Raises:
            ValueError: An unknown name.
            TypeError: The class defines a method of Keras' training loop, which fastcnn has not.
        """
        for name, instead in _KERAS_HOOKS.items():
            if hasattr(type(self), name):
                raise TypeError(
                    f"{type(self).__name__} defines {name}(), which fastcnn never calls: {instead}"
                )
        if run_eagerly:
            raise ValueError("compile: run_eagerly=True is not supported; every step is compiled")
        self.optimizer = optimizers.get(optimizer)
        self.objective = CompileLossAndMetrics(loss, loss_weights, metrics, weighted_metrics)
        if self.named_outputs is not None and loss is not None:
            self.objective.losses(self.named_outputs)
        self.programs.clear()

    @property
    def compiled(self) -> bool:
        """Whether ``compile`` was called."""
        return self.objective is not None

    def _require_compiled(self, what: str) -> Optimizer:
        if self.objective is None or self.optimizer is None:
            raise RuntimeError(
                f"model {self.name!r} must be compiled before {what}: "
                "model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', "
                "metrics=['accuracy'])"
            )
        return self.optimizer

    @suggesting
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Iterable[int] = 1,
    ) -> History:
        """Train.

        Ctrl-C ends it between two steps: the model keeps the weights of the last finished one.

        Args:
            x: Input arrays of any real dtype (uint8 images stay uint8 until they are used; a
                mapped file may be larger than memory), for several inputs as the model takes them,
                or in a list or dict by name; or a generator, iterator or sequence of batches
                ``(x, y)`` or ``(x, y, sample_weight)``.
            y: Labels; integers as ``(n,)`` or ``(n, 1)``; for several outputs as the model returns
                them, or in a list or dict by name.
            batch_size: Examples per step. Defaults to 32.
            epochs: Number of the last epoch.
            verbose: 0 silent, 1 a bar, 2 a line per epoch; ``"auto"`` is 1 on a terminal, else 2.
            callbacks: One or several of :mod:`fastcnn.callbacks`.
            validation_split: Share of the examples, taken from the end, to measure on.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)``, or a source of batches. A
                generator is read on from epoch to epoch; when it has ended, validation ends with a
                warning.
            shuffle: Whether each epoch takes the examples in another order.
            class_weight: Factor of the loss by class number; classes not named count 1.0.
            sample_weight: Factor of the loss by example.
            initial_epoch: Number of epochs that went before.
            steps_per_epoch: Steps that make an epoch; needed if ``x`` never ends.
            validation_steps: Batches to measure on.
            validation_batch_size: Examples per batch of the validation.
            validation_freq: Epochs between validations, or the numbers of the epochs that have one.

        Returns:
            The :class:`~fastcnn.callbacks.History` of losses and metrics.

        Raises:
            RuntimeError: The model was not compiled.
            ValueError: Arguments or arrays do not fit.
        """
        optimizer = self._require_compiled("fit")
        verbose = resolve_verbose(verbose)
        for name, number in (("epochs", epochs), ("initial_epoch", initial_epoch)):
            if not isinstance(number, int | integer) or number < 0:
                raise ValueError(f"fit: {name} must be an int of 0 or more, got {brief(number)}")
        if validation_split and validation_data is None:
            training, validation_data = split_arrays(
                self._feed, x, y, sample_weight, validation_split
            )
            x, y, sample_weight = training
        source = open_data(
            self._feed,
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            shuffle=bool(shuffle) and not optimizer.full_batch,
            seed=self.shuffle_seed,
            class_weight=class_weight,
            targets_of="fit",
        )
        held_out = HeldOut.opened(
            self,
            self._feed,
            validation_data,
            steps=validation_steps,
            batch_size=validation_batch_size or batch_size,
        )
        stream = EpochIterator(source, steps_per_epoch)
        full_batch = FullBatch(self, source, steps_per_epoch) if optimizer.full_batch else None
        due = _due_epochs(validation_freq)
        hooks = CallbackList(
            [*as_list(callbacks), history := History()],
            self,
            {
                "epochs": epochs,
                "steps": stream.steps,
                "verbose": verbose,
                "validates": held_out is not None
                and any(due(epoch + 1) for epoch in range(initial_epoch, epochs)),
            },
        )
        self.history = history
        self.stop_training = False
        self.place = place = FitState(stream, initial_epoch)
        logs: dict[str, float] = {}
        with closing(stream):
            hooks.call("on_train_begin", {})
            while place.epoch < epochs:
                epoch = place.epoch
                hooks.call("on_epoch_begin", epoch, {})
                if place.learning_rate is not None:  # a schedule by epochs has set its own again
                    optimizer.learning_rate = place.learning_rate
                    place.learning_rate = None
                title = f"Epoch {epoch + 1}/{epochs}"
                with Progress(title, stream.steps, verbose, place.step) as progress:
                    if full_batch is not None:
                        full_batch.start()
                    logs = train_epoch(self, place, progress, hooks, full_batch)
                    self._log_names = list(logs) or self._log_names
                    if not logs:
                        if stream.total == 0:
                            raise ValueError(
                                "fit: there are no batches: the generator or data set is empty, or "
                                "an earlier pass has used it up. Make a new one for every fit"
                            )
                        warn_training_ends(stream, epoch, epochs, steps_per_epoch)
                        break
                    explained = any(callback.explains_nan for callback in hooks.callbacks)
                    if not math.isfinite(logs["loss"]) and not explained:
                        warnings.warn(
                            Advice(
                                f"fit: the loss of epoch {epoch + 1} is {logs['loss']}: often the "
                                "learning rate is too high, or the data has infinities; ",
                                python="add callbacks.TerminateOnNaN() to see in which step and "
                                "layer it began",
                                command="try a smaller --learning-rate",
                            ),
                            stacklevel=3,  # past what wraps fit
                        )
                    if full_batch is not None:
                        full_batch.finish()
                    if held_out is not None and due(epoch + 1):
                        logs.update(held_out.measure(hooks, epoch, epochs))
                    progress.finish(logs)
                place.advance()
                hooks.call("on_epoch_end", epoch, logs)
                if stream.ran_out:
                    warn_training_ends(stream, epoch, epochs, steps_per_epoch)
                    break
                if self.stop_training:
                    break
            optimizer.finalize_variable_values(self.trainable_weights)
            hooks.call("on_train_end", logs)
        return history

    @suggesting
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Measure loss and metrics.

        Args:
            x: See :meth:`fit`.
            y: See :meth:`fit`.
            batch_size: See :meth:`fit`.
            verbose: See :meth:`fit`.
            sample_weight: See :meth:`fit`.
            steps: Batches to measure on; ``None`` means all. If there are fewer, a warning says so.
            callbacks: See :mod:`fastcnn.callbacks`.
            return_dict: Whether to return a dict by name.

        Returns:
            The loss, or a list of loss and metrics, or a dict of them.
        """
        self._require_compiled("evaluate")
        verbose = resolve_verbose(verbose)
        source = open_data(
            self._feed, x, y, sample_weight, batch_size=batch_size, targets_of="evaluate"
        )
        stream = EpochIterator(source, steps, repeat=False)
        hooks = CallbackList(as_list(callbacks), self, {"steps": stream.steps, "verbose": verbose})
        with Progress("Evaluation", stream.steps, verbose) as progress:
            logs = measure(self, stream, hooks, progress)
            self._log_names = list(logs)
            progress.finish(logs)
        warn_fewer("evaluate", stream, steps)
        return _returned(logs, return_dict)

    @suggesting
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
    ) -> Any:
        """Outputs for many inputs.

        Args:
            x: See :meth:`fit`; a source of batches may also yield inputs alone.
            batch_size: Examples at a time. Defaults to 32.
            verbose: 1 shows a bar; ``"auto"`` does so on a terminal if there are several batches.
            steps: Batches to go through; ``None`` means all. If there are fewer, a warning says so.
            callbacks: See :mod:`fastcnn.callbacks`.

        Returns:
            An array with one row per example, or arrays in the structure of the model's outputs.
        """
        if batch_size is not None and (isinstance(batch_size, bool) or batch_size < 1):
            raise ValueError(f"predict: batch_size must be a positive integer, got {batch_size!r}")
        shape: tuple[int, ...] = getattr(x, "shape", ())
        whole = bool(shape) and 0 < shape[0] <= (batch_size or 32) and steps is None
        if whole and verbose in ("auto", 0) and callbacks is None:
            return self.predict_on_batch(x)  # for those who ask again and again about one image
        source = open_data(self._feed, x, batch_size=batch_size)
        stream = EpochIterator(source, steps, repeat=False)
        quiet = verbose == "auto" and (stream.steps == 1 or resolve_verbose(verbose) == 2)
        verbose = 0 if quiet else resolve_verbose(verbose)
        hooks = CallbackList(as_list(callbacks), self, {"steps": stream.steps, "verbose": verbose})
        hooks.call("on_predict_begin", {})
        rows = source.examples if steps is None else None
        with Progress("Prediction", stream.steps, verbose) as progress:
            outputs = gather_outputs(self, stream, hooks, progress, rows)
            progress.finish({})
        warn_fewer("predict", stream, steps)
        hooks.call("on_predict_end", {})
        return outputs

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Make one step on one batch.

        Args:
            x: Input arrays.
            y: Labels.
            sample_weight: Factor by example.
            class_weight: Factor by class number.
            return_dict: Whether to return a dict by name.

        Returns:
            Loss and metrics of this batch, in a list if there are several; from before the step.
        """
        self._require_compiled("train_on_batch")
        batch = Converter(self._feed, class_weight)((x, y, sample_weight))
        refuse_nan(batch, "train_on_batch")
        return self._measured(batch, True, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Measure one batch; see :meth:`train_on_batch`."""
        self._require_compiled("test_on_batch")
        batch = Converter(self._feed)((x, y, sample_weight))
        return self._measured(batch, False, return_dict)

    def _measured(self, batch: Batch, train: bool, return_dict: bool) -> Any:
        meters, program = MetricAccumulator(), self.programs.measure(batch, train=train)
        meters.add(program.plan, program.run(*batch.arrays), batch.size)
        logs = meters.logs()
        self._log_names = list(logs)
        return _returned(logs, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for one batch of input arrays."""
        cached = self.programs.cached_predict(x)
        if cached is not None:
            return cached(x)
        arrays = self._input_arrays(x)
        return self.programs.predict(arrays)(*arrays)

    def prediction_program(self, x: Array) -> Callable[[Any], Any] | None:
        """The Program of :meth:`predict` for batches like this array, which a call shares if the
        model is made of layers with one input.
        """
        if (known := self.programs.known_predict(x)) is not None:
            return known
        specs = self.input_specs
        if specs is None or len(specs) != 1:
            return None
        wanted = specs[0].shape
        if len(wanted) != x.ndim or any(
            size not in (None, got) for size, got in zip(wanted[1:], x.shape[1:], strict=True)
        ):
            return None
        return self.programs.predict([x])

    def _input_arrays(self, x: Any) -> list[Array]:
        feed = self._feed
        inputs = feed.inputs(x)
        return [
            as_contiguous(array, dtype)
            for array, dtype in zip(inputs, feed.input_dtypes(inputs), strict=True)
        ]

    @suggesting
    def profile(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        runs: int = 5,
        threads: int | None = None,
    ) -> Profile:
        """Record where the time of one batch goes: layer by layer, operation by operation, against
        what this machine could do at best.

        With labels it is the time of a training step; weights, the state of the optimizer and the
        number of the step are afterwards as they were.

        Args:
            x: Input arrays, all one batch.
            y: Labels for a training step.
            sample_weight: Factor by example, for a training step.
            runs: How many runs are recorded; the fastest is returned. The first one also packs
                weights and gets memory from the system.
            threads: ``None`` for :func:`fastcnn.runtime.num_threads`.

        Returns:
            A :class:`~fastcnn.profiling.Profile`, which is a table when it is printed.

        Raises:
            RuntimeError: There are labels, and the model was not compiled.
            ValueError: Arguments or arrays do not fit.

        Example:
            >>> import numpy as np
            >>> from fastcnn import Input, Sequential, layers
            >>> model = Sequential([Input((8, 8, 1)), layers.Conv2D(4, 3, name="conv")], name="net")
            >>> profile = model.profile(np.ones((2, 8, 8, 1), np.float32))
            >>> [(row.origin, row.op) for row in profile.rows]
            [(('net/conv',), 'conv')]
        """
        run, arrays = self._run_of("profile", x, y, sample_weight)
        return run.profile(*arrays, runs=runs, threads=threads, title=self.name)

    def _run_of(
        self, what: str, x: Any, y: Any, sample_weight: Any
    ) -> tuple[Function | TrainingStep, list[Array]]:
        """What predicts for one batch, or with labels trains on it, and the arrays it takes."""
        if y is None:
            if sample_weight is not None:
                raise ValueError(f"{what}: sample_weight needs labels: pass y")
            arrays = self._input_arrays(x)
            return self.programs.predict(arrays).function, arrays
        self._require_compiled(f"{what} with labels")
        batch = Converter(self._feed)((x, y, sample_weight))
        return self.programs.measure(batch, train=True).run, batch.arrays

    @suggesting
    def explain_plan(
        self, x: Any = None, y: Any = None, sample_weight: Any = None, *, batch_size: int = 1
    ) -> Plan:
        """Tell how a batch is computed: the graph before the passes, what each of them leaves, the
        instructions with their algorithms and work, and the memory it takes. Nothing is run.

        Args:
            x: Input arrays, all one batch; ``None`` for any ``batch_size`` examples.
            y: Labels: then it is the plan of a training step.
            sample_weight: Factor by example, for a training step.
            batch_size: Examples, where there is no ``x``.

        Returns:
            A :class:`~fastcnn.profiling.Plan`, which is a text when it is printed.

        Raises:
            RuntimeError: There are labels, and the model was not compiled.
            ValueError: Arguments or arrays do not fit, or there is no ``x`` and the model has
                inputs of open sizes.

        Example:
            >>> from fastcnn import Input, Sequential, layers
            >>> model = Sequential([Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu")])
            >>> plan = model.explain_plan()
            >>> [operation.op for operation in plan.traced]
            ['conv', 'relu']
            >>> [instruction.fused for instruction in plan.instructions]
            [('conv', 'relu')]
        """
        if x is None:
            x = example_inputs(self, batch_size)
        run, _ = self._run_of("explain_plan", x, y, sample_weight)
        function = run.function if isinstance(run, TrainingStep) else run
        return function.plan(self.name)

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers that ``evaluate`` returns are called: the loss, then the metrics.

        Metrics get their names with the first data, so before ``fit`` or ``evaluate`` there is only
        the loss.
        """
        return list(self._log_names)

    def reset_metrics(self) -> None:
        """Nothing to do: every call measures again. Here for scripts written for Keras."""


def _due_epochs(frequency: int | Iterable[int]) -> Any:
    """Tells whether the epoch of a number, counted from 1, has a validation."""
    if isinstance(frequency, int):
        if frequency < 1:
            raise ValueError(f"validation_freq must be positive, got {frequency}")
        return lambda epoch: epoch % frequency == 0
    chosen = set(frequency)
    return lambda epoch: epoch in chosen


def _returned(logs: Mapping[str, float], return_dict: bool) -> Any:
    if return_dict:
        return dict(logs)
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
