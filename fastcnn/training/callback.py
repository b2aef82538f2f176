"""What all callbacks share, and what ``fit`` uses by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from fastcnn.messages import suggesting

__all__ = ["Callback", "CallbackList", "History", "LambdaCallback", "Logs", "as_list"]

Logs = Mapping[str, Any]


class Callback:
    """Base of all callbacks: every hook does nothing.

    Attributes:
        model: The model that is trained.
        params: ``{"epochs", "steps", "verbose"}`` of the call; in ``fit`` also ``"validates"``,
            whether any epoch ends with a validation.
        explains_nan: Whether it says where a loss that is not finite came from, so that ``fit``
            need not advise to ask.
    """

    explains_nan: ClassVar[bool] = False

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if "__init__" in vars(cls):
            setattr(cls, "__init__", suggesting(vars(cls)["__init__"]))  # noqa: B010

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once, before everything else."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called once, before everything else."""
        self.model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before each epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After each epoch, with means of loss and metrics, also of the validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each training step, with means since the epoch began."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of :meth:`on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of :meth:`on_train_batch_end`."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of a prediction, with its outputs."""


def as_list(callbacks: Callback | Iterable[Callback] | None) -> list[Callback]:
    """What ``fit(callbacks=...)`` was given: none, one or several."""
    if callbacks is None:
        return []
    # What is neither gets its message from CallbackList.
    several = isinstance(callbacks, Iterable) and not isinstance(callbacks, Callback)
    return list(callbacks) if several else [callbacks]  # type: ignore[arg-type, list-item]


class CallbackList:
    """Calls one hook of several callbacks.

    Args:
        callbacks: The callbacks, in order.
        model: The model they look at.
        params: See :class:`Callback`.
    """

    def __init__(
        self, callbacks: Iterable[Callback], model: Any, params: dict[str, Any] | None = None
    ) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks must be fastcnn.callbacks.Callback objects, got {callback!r}"
                )
            callback.set_params(params or {})
            callback.set_model(model)

    def call(self, hook: str, *args: Any) -> None:
        """Call ``hook`` of every callback."""
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def has(self, kind: type[Callback]) -> bool:
        """Whether one of the callbacks is of a kind."""
        return any(isinstance(callback, kind) for callback in self.callbacks)

    def listens(self, hook: str) -> bool:
        """Whether any callback does something there: hooks of steps are skipped otherwise."""
        names = [hook, hook.replace("_train_", "_")] if "_train_batch" in hook else [hook]
        return any(
            getattr(type(callback), name) is not getattr(Callback, name) or name in vars(callback)
            for callback in self.callbacks
            for name in names
        )


class History(Callback):
    """Keeps the logs of all epochs; what ``fit`` returns.

    Attributes:
        epoch: Numbers of the epochs.
        history: For each key of the logs the list of its values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Attributes for ``pickle`` and ``copy``: numbers, without the model."""
        return {**vars(self), "model": None}

    def __repr__(self) -> str:
        last = ", ".join(
            f"{key} {values[-1]:.4g}"
            for key, values in self.history.items()
            if values and np.ndim(values[-1]) == 0
        )
        count = len(self.epoch)
        epochs = f"{count} epoch{'' if count == 1 else 's'}"
        return f"<History of {epochs}: {last}>" if last else f"<History of {epochs}>"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget former epochs."""
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keep the logs."""
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)


class LambdaCallback(Callback):
    """Hooks from plain functions, which take the arguments of the hook.

    Args:
        on_epoch_begin: See :class:`Callback`.
        on_epoch_end: See :class:`Callback`.
        on_train_begin: See :class:`Callback`.
        on_train_end: See :class:`Callback`.
        on_train_batch_begin: See :class:`Callback`.
        on_train_batch_end: See :class:`Callback`.
        others: Any other hook of :class:`Callback` by its name.

    Raises:
        TypeError: A name that is not a hook, or something that cannot be called.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **others: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        known = [name for name in vars(Callback) if name.startswith("on_")]
        for name in others:
            if name not in known:
                raise TypeError(
                    f"LambdaCallback: there is no hook {name!r}; hooks are {', '.join(known)}"
                )
        hooks = {
            **others,
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in hooks.items():
            if function is not None:
                if not callable(function):
                    raise TypeError(f"LambdaCallback: {name} must be a function, got {function!r}")
                setattr(self, name, function)
