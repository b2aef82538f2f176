"""Measuring with moving averages of the weights while training goes on without them."""

from __future__ import annotations

from typing import Any

from fastcnn.training.callback import Callback, Logs

__all__ = ["SwapEMAWeights"]


class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages in place of the weights while a model is measured or
    predicts, also during the validations of ``fit``.

    With ``swap_on_epoch`` they are in place from the end of an epoch to the beginning of the next,
    so that callbacks after this one, such as ``ModelCheckpoint``, see them; ``BackupAndRestore``
    must stand before it.

    Args:
        swap_on_epoch: See above.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._aside: list[tuple[Any, Any]] | None = None

    def _put_in(self) -> None:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ValueError(
                "SwapEMAWeights: the optimizer keeps no averages: make it with use_ema=True"
            )
        if self._aside is None:
            weights = self.model.trainable_weights
            self._aside = [(weight, weight.numpy()) for weight in weights]
            optimizer.finalize_variable_values(weights)

    def _take_out(self) -> None:
        for weight, value in self._aside or []:
            weight.assign(value)
        self._aside = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Look whether there will be averages."""
        self._put_in()
        self._take_out()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Go on with the weights themselves."""
        self._take_out()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Show the averages to the callbacks that follow."""
        if self.swap_on_epoch:
            self._put_in()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """The weights are the averages now, which ``fit`` has seen to."""
        self._aside = None

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Measure with the averages."""
        self._put_in()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Go on with the weights themselves."""
        self._take_out()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Predict with the averages."""
        self._put_in()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Go on with the weights themselves."""
        self._take_out()
