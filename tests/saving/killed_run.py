"""A training that kills its own process: run by ``test_backup.py``, alone and in a child."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np

import fastcnn
from fastcnn import Input, Sequential, callbacks, layers, losses, metrics, optimizers


class Kill(callbacks.Callback):
    """Dies after so many steps, as by ``kill -9``, or stops as by Ctrl-C."""

    def __init__(self, step, politely=False):
        super().__init__()
        self.left = step
        self.politely = politely

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0 and self.politely:
            raise KeyboardInterrupt
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Scale(callbacks.LearningRateScheduler):
    """A rate that depends on the rate before: asked twice about an epoch it would be wrong."""

    def __init__(self):
        super().__init__(lambda epoch, rate: rate * 0.8)


class Batches(fastcnn.keras.utils.PyDataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return 7

    def __getitem__(self, index):
        chosen = slice(6 * index, 6 * index + 6)
        return self.x[chosen], self.y[chosen]


def examples():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((40, 6, 6, 2), np.float32)
    return x, (x.mean((1, 2, 3)) > 0).astype(np.int64)


def endless(x, y):
    while True:
        for start in range(0, 40, 6):
            yield x[start : start + 6], y[start : start + 6]


def data(kind):
    x, y = examples()
    if kind in ("arrays", "averaged"):
        return {"x": x, "y": y, "batch_size": 6}
    if kind == "arrays-by-steps":
        return {"x": x, "y": y, "batch_size": 6, "steps_per_epoch": 5}
    if kind == "generator":
        return {"x": endless(x, y), "steps_per_epoch": 5}
    return {"x": Batches(x, y)}


def train(kind, folder, save_freq, *, seed, kill_at=0, epochs=4, double=False, politely=False):
    """Trains with a backup; returns the weights and the logs of the epochs."""
    fastcnn.set_random_seed(seed)
    model = Sequential(
        [
            Input((6, 6, 2)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    more = {"use_ema": True, "gradient_accumulation_steps": 2} if kind == "averaged" else {}
    model.compile(
        optimizers.Adam(0.01, **more),
        losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", metrics.MeanIoU(2, sparse_y_pred=False)],
    )
    hooks = [Scale()]
    if folder:
        hooks.append(callbacks.BackupAndRestore(folder, save_freq, double_checkpoint=double))
    if kill_at:
        hooks.append(Kill(kill_at, politely))
    history = model.fit(**data(kind), epochs=epochs, callbacks=hooks, verbose=0)
    slots = [s.numpy() for w in model.weights for s in model.optimizer.existing_slots(w)]
    return [*model.get_weights(), *slots], history.history


if __name__ == "__main__":
    kind, folder, save_freq, kill_at, in_write = sys.argv[1:]
    if in_write == "yes":
        before, left = os.replace, [2]

        def replace(source, target):
            left[0] -= 1
            if left[0] == 0:  # the second backup is written and not yet in its place
                os.kill(os.getpid(), signal.SIGKILL)
            before(source, target)

        os.replace = replace
    freq = save_freq if save_freq == "epoch" else int(save_freq)
    train(kind, folder, freq, seed=1, kill_at=int(kill_at))
