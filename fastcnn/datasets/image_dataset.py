"""Folders of pictures larger than memory: decoded by threads ahead of training, each once."""

from __future__ import annotations

import collections
import copy
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets._decode import Form, need_pillow, read_picture
from fastcnn.datasets._download import cache_folder
from fastcnn.datasets._pixel_cache import open_cache
from fastcnn.datasets._scan import broken_files, broken_text, undecodable_files
from fastcnn.messages import Advice
from fastcnn.paths import AnyPath

__all__ = ["ImageDataset"]

Array = NDArray[Any]

#: Batches that are being made while one is used.
_AHEAD = 2
#: Pictures that a thread takes at a time.
_CHUNK = 4


class ImageDataset:
    """Pictures and labels in batches, for ``fit``, ``evaluate`` and ``predict``, or to loop over.

    Threads decode the next two batches while one is used, so three are in memory, and a fourth as
    long as a loop holds its last one while it waits for the next. Decoded pictures are kept in a
    file in ``FASTCNN_CACHE_DIR/pictures``. Later epochs read from it, also those of other
    processes, until a picture or a setting changes. What a batch holds depends on
    the seed and the number of the epoch, on no thread.

    What can be read is settled when the data set is made, so ``file_paths``, ``labels`` and every
    pass have the same pictures. ``predict`` and ``evaluate`` take them in the order of
    ``file_paths``, shuffled or not.

    Args:
        files: Paths of the pictures.
        labels: One number or row for each; ``None`` for pictures alone.
        form: What pictures are brought to.
        batch_size: Pictures per batch; the last batch may be smaller.
        shuffle: Whether each epoch takes the pictures in another order.
        seed: Of these orders.
        class_names: What class numbers mean.
        unreadable: ``"error"`` refuses files that cannot be read: at once where their beginning or
            end shows it, else when they are decoded. ``"skip"`` leaves them out; for that, all
            pictures that the cache does not hold are decoded at once.
        cache: Whether decoded pictures are kept; a folder to keep them there.
        cache_bytes: Room for all that is kept in the cache's folder; what was used longest ago is
            removed for it.
        threads: Decoding threads; ``None`` for one per processor.

    Attributes:
        file_paths: The pictures that can be read.
        labels: Theirs.
        broken: Position among the files given, and reason, of those left out.
        notes: What a user should know, line by line.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: No pictures, not one label for each, or with ``"error"`` files that cannot be
            read, each named.
    """

    def __init__(
        self,
        files: Sequence[AnyPath],
        labels: Array | None,
        form: Form,
        *,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int = 0,
        class_names: Sequence[str] | None = None,
        unreadable: str = "error",
        cache: bool | AnyPath = True,
        cache_bytes: int = 16 << 30,
        threads: int | None = None,
    ) -> None:
        need_pillow()
        if unreadable not in ("error", "skip"):
            raise ValueError(f"unreadable must be 'error' or 'skip', got {unreadable!r}")
        if not isinstance(cache, bool | str | bytes | os.PathLike):
            raise ValueError(f"cache must be True, False or the path of a folder, got {cache!r}")
        for name, value, least in (
            ("batch_size", batch_size, 1),
            ("seed", seed, 0),
            ("cache_bytes", cache_bytes, 0),
            ("threads", 1 if threads is None else threads, 1),
        ):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                kind = "a positive integer" if least else "an integer of 0 or more"
                raise ValueError(f"{name} must be {kind}, got {value!r}")
        paths = [os.fsdecode(path) for path in files]
        self.threads = threads or len(os.sched_getaffinity(0))
        self.form, self.batch_size, self.shuffle = form, batch_size, shuffle
        self.seed = seed
        self.class_names = None if class_names is None else tuple(class_names)
        self.notes: list[str] = []
        if labels is not None and len(labels) != len(paths):
            raise ValueError(
                f"there are {len(labels)} labels for {len(paths)} files: give one for each"
            )
        self._skips = unreadable == "skip"
        self.broken = broken_files(paths, self.threads)
        if self.broken and not self._skips:
            raise ValueError(
                Advice(
                    f"{_count_text(paths, self.broken)}:\n{broken_text(paths, self.broken)}\n"
                    "Repair or remove them, or leave them out with ",
                    python="unreadable='skip'",
                    command="--skip-unreadable",
                )
            )
        whole = [path for index, path in enumerate(paths) if index not in self.broken]
        self._passes = 0
        self._cache, note = None, ""
        # By their names, so that another order of the same pictures finds the same cache.
        ordered = sorted(whole)
        places = {path: place for place, path in enumerate(ordered)}
        if cache is not False and whole:
            folder = cache_folder() / "pictures" if cache is True else Path(os.fsdecode(cache))
            self._cache, note = open_cache(folder, ordered, form, cache_bytes)
        if self._skips:
            damaged = undecodable_files(whole, form, self.threads, self._cache, places)
            self.broken |= {
                index: damaged[path] for index, path in enumerate(paths) if path in damaged
            }
        kept = [index for index in range(len(paths)) if index not in self.broken]
        if self.broken:
            listed = broken_text(paths, self.broken)
            self.notes.append(f"{_count_text(paths, self.broken)} and are left out:\n{listed}")
        self.notes += [note] * bool(note)
        if not kept:
            raise ValueError("\n".join(["there are no pictures that can be read", *self.notes]))
        self.file_paths = [paths[index] for index in kept]
        self.labels = None if labels is None else np.asarray(labels)[kept]
        self._places = [places[path] for path in self.file_paths]

    def part(self, rows: Array, *, shuffle: bool = False, seed: int = 0) -> ImageDataset:
        """Some of the pictures as a data set of their own, which shares the cache of this one.

        Args:
            rows: Positions of the pictures, or a truth value for each.
            shuffle: Whether each epoch takes them in another order.
            seed: Of these orders.

        Raises:
            ValueError: There are none.
            IndexError: There is no such position.
        """
        rows = np.arange(self.examples)[rows]
        if not len(rows):
            raise ValueError("part: there are no pictures in it, for rows is empty")
        chosen = copy.copy(self)
        chosen.file_paths = [self.file_paths[row] for row in rows]
        chosen._places = [self._places[row] for row in rows]
        chosen.labels = None if self.labels is None else self.labels[rows]
        chosen.shuffle, chosen.seed = shuffle, seed
        chosen.broken, chosen.notes, chosen._passes = {}, [], 0
        return chosen

    def in_order(self) -> ImageDataset:
        """The same pictures in the order of ``file_paths``."""
        if not self.shuffle:
            return self
        chosen = copy.copy(self)
        chosen.shuffle = False
        return chosen

    @property
    def examples(self) -> int:
        """Number of pictures."""
        return len(self.file_paths)

    def __len__(self) -> int:
        """Number of batches."""
        return -(-self.examples // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """The batches of the next epoch, counted from 0."""
        self._passes += 1
        return self.batches(self._passes - 1)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The batches of any epoch, from number ``start`` on.

        Closing the iterator, or an error or Ctrl-C in the loop over it, stops the threads.

        Yields:
            ``(x, y)``, or ``x`` without labels; ``x`` is uint8 of shape
            ``(batch, height, width, channels)`` and may be kept.

        Raises:
            ValueError: A picture is damaged; with ``unreadable="skip"``, one that was whole when
                the data set was made.
        """
        order = np.arange(self.examples)
        if self.shuffle:
            key = np.array([self.seed, epoch], np.uint64)
            np.random.Generator(np.random.Philox(key=key)).shuffle(order)
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="fastcnn-pictures")
        waiting: collections.deque[tuple[Array, Array, list[Future[None]]]] = collections.deque()
        try:
            for first in range(start * self.batch_size, self.examples, self.batch_size):
                rows = order[first : first + self.batch_size]
                images = np.empty((len(rows), *self.form.shape), np.uint8)
                chunks = range(0, len(rows), _CHUNK)
                tasks = [pool.submit(self._read, rows, images, at) for at in chunks]
                waiting.append((rows, images, tasks))
                if len(waiting) > _AHEAD:
                    yield self._finished(*waiting.popleft())
            while waiting:
                yield self._finished(*waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _finished(self, rows: Array, images: Array, tasks: list[Future[None]]) -> Any:
        """The batch, when its pictures are there."""
        for task in tasks:
            task.result()
        return images if self.labels is None else (images, self.labels[rows])

    def _read(self, rows: Array, images: Array, at: int) -> None:
        """Fill some places of a batch."""
        for position in range(at, min(at + _CHUNK, len(rows))):
            index = int(rows[position])
            cache, out = self._cache, images[position]
            if cache is not None and cache.read(self._places[index], out):
                continue
            try:
                images[position] = read_picture(self.file_paths[index], self.form)
            except (ValueError, OSError) as error:
                if self._skips:
                    raise ValueError(
                        f"{error}; it could be read when the data set was made: make it again"
                    ) from error
                raise ValueError(
                    Advice(
                        f"{error}; or leave it out with ",
                        python="unreadable='skip'",
                        command="--skip-unreadable",
                    )
                ) from error
            if cache is not None:
                cache.write(self._places[index], images[position])


def _count_text(files: Sequence[str], broken: dict[int, str]) -> str:
    return f"{len(broken)} of {len(files)} files cannot be read as pictures"
