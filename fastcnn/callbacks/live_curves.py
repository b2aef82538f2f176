"""Curves of a training: drawn once, or redrawn in a notebook while it goes on."""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from fastcnn.training.callback import Callback, Logs

__all__ = ["CURVES_NEED", "LiveCurves", "draw_curves"]

CURVES_NEED = 'drawing curves needs matplotlib, which is not installed: pip install "fastcnn[plot]"'

#: Seconds between two pictures inside an epoch; drawing one takes about a tenth of one.
_REDRAW_SECONDS = 2.0


def draw_curves(
    epochs: Sequence[float],
    history: Mapping[str, Sequence[float | None]],
    measures: Sequence[str],
    *,
    held_out_name: str = "validation",
) -> Any:
    """A figure with one plot for each measure, over the epochs.

    Args:
        epochs: Where each value stands, 1 at the end of the first epoch.
        history: Values by key; ``None`` where there is none. ``val_`` in front of a measure's name
            is the same measure on held-out data.
        measures: Keys to draw.
        held_out_name: What the ``val_`` values are called.

    Returns:
        A ``matplotlib.figure.Figure``.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise ImportError(CURVES_NEED) from None
    figure = Figure(figsize=(5 * max(len(measures), 1), 4), layout="constrained")
    for index, measure in enumerate(measures):
        axes = figure.add_subplot(1, len(measures), index + 1)
        for key, label in [(measure, "training"), (f"val_{measure}", held_out_name)]:
            pairs = zip(epochs, history.get(key, []), strict=False)
            points = [(at, value) for at, value in pairs if value is not None]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
        name = measure.replace("_", " ")
        axes.set(xlabel="epoch", ylabel=name, title=name.capitalize())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend()
    return figure


class LiveCurves(Callback):
    """Shows losses and metrics of a running ``fit`` as curves in a notebook, in one picture that
    is redrawn after every epoch and, in long epochs, every two seconds.

    Outside of a notebook it does nothing but warn, so that a script made from one still runs.

    Args:
        measures: Keys of the logs to draw, without their ``val_`` forms; ``None`` for all.
        held_out_name: What the ``val_`` values are called.

    Attributes:
        history: The values drawn, by key.

    Raises:
        ImportError: matplotlib is not installed.
    """

    def __init__(
        self, measures: Sequence[str] | None = None, *, held_out_name: str = "validation"
    ) -> None:
        super().__init__()
        draw_curves([], {}, [])  # tells now, not after an epoch, what has to be installed
        self.measures = None if measures is None else list(measures)
        self.held_out_name = held_out_name
        self._reset()

    def _reset(self) -> None:
        self.history: dict[str, list[float | None]] = {}
        self._epochs: list[float] = []
        self._epoch = 0
        self._handle: Any = None
        self._shows = False
        self._last = time.perf_counter()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start again."""
        self._reset()
        self._shows = _in_notebook()
        if not self._shows:
            warnings.warn(
                "LiveCurves draws in notebooks only, and this is none: nothing is shown",
                stacklevel=2,
            )

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draw what the epoch has measured so far, if it is a long one."""
        if not self._shows or time.perf_counter() - self._last < _REDRAW_SECONDS:
            return
        steps = self.params.get("steps")
        within = min((batch + 1) / steps, 1.0) if steps else 0.5
        history = {
            key: [*self._filled(key), (logs or {}).get(key)]
            for key in {**self.history, **(logs or {})}
        }
        self._show([*self._epochs, self._epoch + within], history)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draw the epoch."""
        for key, value in (logs or {}).items():
            self.history[key] = [*self._filled(key), value]
        self._epochs.append(epoch + 1)
        for key in self.history:
            self.history[key] = self._filled(key)
        if self._shows:
            self._show(self._epochs, self.history)

    def _filled(self, key: str) -> list[float | None]:
        """Values of a key, ``None`` for epochs that had none."""
        values = self.history.get(key, [])
        return values + [None] * (len(self._epochs) - len(values))

    def _show(self, epochs: Sequence[float], history: Mapping[str, Sequence[float | None]]) -> None:
        from IPython.display import Image, display

        measures = self.measures
        if measures is None:
            keys = dict.fromkeys(key.removeprefix("val_") for key in history)
            measures = [key for key in keys if key != "learning_rate"]
        figure = draw_curves(epochs, history, measures, held_out_name=self.held_out_name)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100)
        picture = Image(data=buffer.getvalue())
        if self._handle is None:
            self._handle = display(picture, display_id=True)
        else:
            self._handle.update(picture)
        self._last = time.perf_counter()


def _in_notebook() -> bool:
    """Whether pictures can be shown: IPython runs as a kernel, not in a terminal."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None
