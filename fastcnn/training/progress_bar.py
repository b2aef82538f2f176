"""What training prints: a bar with the time left on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["Progress", "resolve_verbose"]

# Often enough for the eye; each refresh costs about 100 microseconds.
_REFRESH_SECONDS = 0.1
_WIDEST = 120


def resolve_verbose(verbose: Any) -> int:
    """0 (silent), 1 (bar) or 2 (a line); ``"auto"`` is a bar on a terminal and in a notebook, and
    lines elsewhere.

    Raises:
        ValueError: Another value.
    """
    if verbose == "auto":
        return 1 if sys.stdout.isatty() or _in_notebook() else 2
    if verbose not in (0, 1, 2):
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
    return int(verbose)


def _in_notebook() -> bool:
    """Whether output goes to a notebook, which shows a line that is written again as one."""
    module = sys.modules.get("IPython")  # where it is not loaded, nothing runs in it
    shell = None if module is None else module.get_ipython()
    return hasattr(shell, "kernel")


def logs_text(logs: Mapping[str, float]) -> str:
    """``loss: 1.2345 - accuracy: 0.5678``; arrays, of metrics of several numbers, are left out."""
    return " - ".join(
        f"{key}: {value:.4f}" if abs(value) >= 1e-3 or value == 0 else f"{key}: {value:.4e}"
        for key, value in logs.items()
        if np.ndim(value) == 0
    )


class Progress:
    """The display of one pass through data. Use as a context manager: leaving it closes the bar.

    Args:
        title: What stands in front, e.g. ``"Epoch 3/10"``.
        steps: Number of steps; ``None`` while unknown.
        verbose: 0, 1 or 2.
        done: Steps of this pass that were made earlier.
    """

    def __init__(self, title: str, steps: int | None, verbose: int, done: int = 0) -> None:
        self._title = title
        self._steps = steps
        self._verbose = verbose
        self._done = self._before = done
        self._start = self._last = time.perf_counter()
        self._bar: Any = None
        if verbose == 1:
            from tqdm import tqdm  # nobody else should pay for its import

            self._bar = tqdm(
                desc=title,
                total=steps,
                initial=done,
                unit="step",
                file=sys.stdout,
                leave=False,
                ncols=min(shutil.get_terminal_size().columns - 1, _WIDEST),
                mininterval=0,
                bar_format="{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} "
                "[{elapsed}<{remaining}, {rate_fmt}]{postfix}"
                if steps is not None
                else "{desc} {n_fmt} steps [{elapsed}, {rate_fmt}]{postfix}",
            )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def step(self, logs: Callable[[], Mapping[str, float]]) -> None:
        """One step is done; ``logs`` is asked only when the display is renewed."""
        self._done += 1
        if self._bar is None:
            return
        now = time.perf_counter()
        if now - self._last >= _REFRESH_SECONDS:
            self._last = now
            self._refresh(logs())

    def _refresh(self, logs: Mapping[str, float]) -> None:
        self._bar.set_postfix_str(logs_text(logs), refresh=False)
        self._bar.n = self._done
        self._bar.refresh()

    def finish(self, logs: Mapping[str, float]) -> None:
        """The pass is over; prints one line that stays."""
        seconds = time.perf_counter() - self._start
        # The bar makes room for a line that no narrow terminal cuts off.
        self.close()
        if self._verbose:
            each = seconds / max(self._done - self._before, 1)
            per_step = f"{each * 1e3:.1f}ms" if each < 1 else f"{each:.2f}s"
            text = f"{self._title} - {self._done} steps - {seconds:.1f}s - {per_step}/step"
            print(f"{text} - {logs_text(logs)}" if logs else text, flush=True)

    def close(self) -> None:
        """Leave the terminal as it should be, also in the middle of a pass."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
