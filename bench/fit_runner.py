"""Trains the textbook CNN for ``bench.fit_cifar10``, an epoch a slice. Not run by hand.

Each library gets the same images as float32 in [0, 1] and trains as its users do, everything
included: shuffling, gathering batches, forward, loss, backward, Adam, the loss as a Python float,
and where ``fit`` does it the accuracy and the bookkeeping of callbacks.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from bench.data import cifar10_or_noise
from bench.libraries import load_keras, version
from bench.textbook import textbook
from fastcnn.bench.peer_process import MISSING, WorkerChannel


class Epochs:
    """Waits for the parent between epochs and reports the seconds per step of each."""

    def __init__(self, steps: int, **about: object) -> None:
        self.channel = WorkerChannel()
        self.steps = steps
        self.about = about
        self.begin: float | None = None

    def epoch_is_over(self) -> None:
        """Report the epoch, unless it was the first, which warms up; wait for the next slice."""
        if self.begin is None:
            self.channel.ready(**self.about)
        else:
            self.channel.done([(time.perf_counter() - self.begin) / self.steps])
        self.channel.wait()
        self.begin = time.perf_counter()


FOREVER = 1_000_000  # epochs; the parent ends the process first


def run_fit(library: str, x: np.ndarray, y: np.ndarray, batch: int, threads: int) -> None:
    """Train with one ``fit`` of fastcnn or Keras; a callback separates the slices."""
    keras = load_keras(library, threads)

    class Slices(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            epochs.epoch_is_over()

    epochs = Epochs(-(-len(x) // batch), version=version(library))
    model = textbook(keras)
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    one_hot = keras.utils.to_categorical(y, 10)
    model.fit(x, one_hot, batch_size=batch, epochs=FOREVER, callbacks=[Slices()], verbose=0)


def run_torch(library: str, x: np.ndarray, y: np.ndarray, batch: int, threads: int) -> None:
    """Run the training loop that a PyTorch user writes, with the faster of the usual choices."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    # The faster of PyTorch's implementations; its default is a loop over the parameters.
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)
    images = torch.from_numpy(x)  # rows stay channels-last, so a batch is gathered as one copy
    labels = torch.from_numpy(y.astype(np.int64))
    epochs = Epochs(-(-len(x) // batch), version=torch.__version__)
    for _ in range(FOREVER):
        total = 0.0
        for chosen in torch.randperm(len(images)).split(batch):
            pixels = images[chosen].permute(0, 3, 1, 2)
            loss = nn.functional.cross_entropy(model(pixels), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item()
        epochs.epoch_is_over()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidate", metavar="library", choices=["fastcnn", "keras", "torch"])
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    images = cifar10_or_noise(count=options.images)
    x = images.x_train[: options.images].astype(np.float32) / 255
    try:
        run = run_torch if options.candidate == "torch" else run_fit
        run(options.candidate, x, images.y_train[: options.images], options.batch, options.threads)
    except ModuleNotFoundError as error:
        print(f"{options.candidate}: {error}", file=sys.stderr)
        sys.exit(MISSING)


if __name__ == "__main__":
    main()
