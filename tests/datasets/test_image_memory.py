"""Folders larger than memory: what is held at once, and a process killed in the middle."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from fastcnn.datasets import image_dataset
from fastcnn.datasets.image_folder import image_dataset_from_directory

MIB = 1 << 20

# What the loader adds to the process' own memory, at the most, over two epochs.
GROWTH = """
import sys
from fastcnn.datasets.image_folder import image_dataset_from_directory

def own_kib():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1])

dataset = image_dataset_from_directory(
    sys.argv[1], image_size=(224, 224), batch_size=4, cache=sys.argv[2] == "cache", threads=2,
    verbose=False, seed=1)
next(dataset.batches(0))  # what is loaded once: decoders and their tables
before, most, count = own_kib(), 0, 0
for epoch in (0, 1):
    for x, _ in dataset.batches(epoch):
        most, count = max(most, own_kib()), count + len(x)
print(count, most - before)
"""

# Says when the first pictures are kept, and is killed by its parent soon after.
CACHING = """
import sys
from fastcnn.datasets.image_folder import image_dataset_from_directory

dataset = image_dataset_from_directory(
    sys.argv[1], image_size=(64, 64), batch_size=2, threads=2, shuffle=False, verbose=False)
for x, _ in dataset.batches(0):
    print("batch", flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    """Makes a folder of as many equal pictures as asked for, of one class."""

    def make(count, size):
        home = tmp_path / "many" / "grey"
        home.mkdir(parents=True)
        Image.new("RGB", size, (90, 120, 150)).save(home / "0000.png")
        for number in range(1, count):
            shutil.copy(home / "0000.png", home / f"{number:04}.png")
        return home.parent

    return make


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux' /proc")
@pytest.mark.parametrize("cache", ["cache", "no-cache"])
def test_the_set_is_never_in_memory(cache, folder):
    count = 320  # decoded 46 MiB
    home = folder(count, (224, 224))
    run = subprocess.run(
        [sys.executable, "-c", GROWTH, str(home), cache], capture_output=True, text=True, check=True
    )
    seen, kib = map(int, run.stdout.split())
    assert seen == 2 * count
    # Four batches of 0.6 MiB, pictures on their way, and what the allocators keep.
    assert kib * 1024 < 12 * MIB < count * 224 * 224 * 3 / 3


@pytest.mark.parametrize("batch_size", [1, 6])
def test_threads_stay_two_batches_ahead(batch_size, folder, monkeypatch):
    home = folder(60, (16, 16))
    lock, begun = threading.Lock(), []
    read = image_dataset.read_picture

    def counted(path, form):
        with lock:
            begun.append(path)
        return read(path, form)

    monkeypatch.setattr(image_dataset, "read_picture", counted)
    dataset = image_dataset_from_directory(
        home, image_size=(8, 8), batch_size=batch_size, cache=False, threads=4, verbose=False
    )
    used = 0
    for used, _ in enumerate(dataset.batches(0), 1):
        if used > 5:
            break
        # The threads come to rest by themselves, with the batches ahead finished.
        ahead = min((used + 2) * batch_size, 60)
        deadline = time.monotonic() + 20
        while len(begun) < ahead and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)
        assert len(begun) == ahead
    assert used > 5


def test_killed_while_caching(folder, monkeypatch):
    home = folder(60, (300, 300))
    levels = np.linspace(0, 255, 60).astype(int).tolist()
    for number, level in enumerate(levels):
        Image.new("RGB", (300, 300), (level,) * 3).save(home / "grey" / f"{number:04}.png")
    child = subprocess.Popen(
        [sys.executable, "-c", CACHING, str(home)], stdout=subprocess.PIPE, text=True
    )
    with child:
        for _ in range(3):
            assert child.stdout.readline() == "batch\n"
        child.send_signal(signal.SIGKILL)
    decoded = []
    read = image_dataset.read_picture
    monkeypatch.setattr(
        image_dataset, "read_picture", lambda path, form: decoded.append(path) or read(path, form)
    )
    dataset = image_dataset_from_directory(
        home, image_size=(64, 64), batch_size=7, shuffle=False, verbose=False
    )
    for _ in range(2):
        pictures = np.concatenate([x for x, _ in dataset.batches(0)])
        assert (pictures == np.array(levels)[:, None, None, None]).all()
    # Those of the batches that were seen are kept, and no other is decoded twice.
    assert len(decoded) == len(set(decoded)) <= 54
