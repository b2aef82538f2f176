"""Measures the cost of fastcnn besides time: import, wheel, and memory over many calls.

    python -m bench.footprint [--wheel dist/fastcnn-*.whl] [--only import memory]

- import: milliseconds and resident memory that ``import fastcnn`` adds to ``import numpy``, then
  those of the first model (much is imported on first use) and of its first prediction, each the
  median of fresh processes.
- wheel: its size; without ``--wheel`` one is built.
- memory: resident memory of a process during 10,000 predictions of one image, 2,000 predictions of
  random image sizes and 2,000 convolutions of random sizes. The series is printed. It counts as
  flat when the median of its last quarter is at most 2 MB above that of its second (in the first,
  caches fill).

Ends with status 1 when a promise is broken: 50 ms and 15 MB for the import, 4 MB for the wheel.
Linux only: resident memory comes from ``/proc``.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.harness import Lines, machine

IMPORT_SECONDS, IMPORT_MB, WHEEL_MB, GROWTH_MB = 0.050, 15.0, 4.0, 2.0

IMPORT = """
import json, os, time
page = os.sysconf("SC_PAGE_SIZE")
def mark():
    with open("/proc/self/statm") as file:
        return time.perf_counter(), int(file.read().split()[1]) * page / 1e6
marks = [mark()]
import numpy
marks.append(mark())
import fastcnn
marks.append(mark())
from fastcnn import keras
layers = keras.layers
model = keras.Sequential([layers.Input((32, 32, 3)), layers.Conv2D(32, 3), layers.Flatten(),
                          layers.Dense(10)])
marks.append(mark())
model.predict(numpy.zeros((1, 32, 32, 3), "float32"), verbose=0)
marks.append(mark())
steps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(marks, marks[1:])]
print(json.dumps(dict(zip(("numpy", "fastcnn", "first model", "first prediction"), steps))))
"""


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure_import(lines: Lines, processes: int) -> bool:
    """Print rows for NumPy, fastcnn and a first prediction; return whether the limits are kept."""
    runs = []
    for _ in range(processes + 1):
        command = [sys.executable, "-c", IMPORT]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    kept = True
    for name in runs[0]:
        # The first process may have waited for the disk.
        seconds = statistics.median(run[name][0] for run in runs[1:])
        megabytes = statistics.median(run[name][1] for run in runs[1:])
        lines.row(case=f"import: {name}", ms=seconds * 1e3, resident_mb=megabytes)
        if name == "fastcnn":
            kept = seconds <= IMPORT_SECONDS and megabytes <= IMPORT_MB
    return kept


def measure_wheel(lines: Lines, wheel: Path | None) -> bool:
    """Print the wheel's size, building one where none is given; return whether it is kept."""
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            root = Path(__file__).resolve().parent.parent
            command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
            subprocess.run([*command, "--wheel-dir", folder, str(root)], check=True)
            wheel = next(Path(folder).glob("*.whl"))
        size = wheel.stat().st_size / 1e6
        lines.row(case="wheel", mb=size, file=wheel.name)
    return size <= WHEEL_MB


def predictions() -> Callable[[], object]:
    """Return a call that predicts one image with the textbook CNN."""
    from bench.libraries import load_keras
    from bench.textbook import textbook

    model = textbook(load_keras("fastcnn"))
    image = np.random.default_rng(0).random((1, 32, 32, 3), np.float32)
    return lambda: model.predict(image, verbose=0)


def image_sizes() -> Callable[[], object]:
    """Return a call that predicts images of ever new sizes with a model without Flatten."""
    from fastcnn.keras import Sequential, layers

    model = Sequential(
        [
            layers.Input((None, None, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    draw = random.Random(0).randint

    def call() -> object:
        size = (draw(1, 4), draw(12, 64), draw(12, 64), 3)
        return model.predict(np.zeros(size, np.float32), verbose=0)

    return call


def convolution_sizes() -> Callable[[], object]:
    """Return a call that convolves arrays of ever new sizes, outside any model."""
    from fastcnn import ops

    draw = random.Random(0).randint

    def call() -> object:
        channels = draw(1, 32)
        kernel = np.zeros((3, 3, channels, draw(1, 32)), np.float32)
        size = (draw(1, 4), draw(8, 48), draw(8, 48), channels)
        return ops.conv2d(np.zeros(size, np.float32), kernel, padding="same")

    return call


SCENES = {
    "predictions": (predictions, 10_000),
    "image_sizes": (image_sizes, 2_000),
    "convolution_sizes": (convolution_sizes, 2_000),
}


def run_scene(name: str) -> list[float]:
    """Return resident megabytes, 40 times over the calls of one scene, in this process."""
    prepare, calls = SCENES[name]
    call = prepare()
    series = []
    for number in range(calls):
        call()
        if (number + 1) % (calls // 40) == 0:
            gc.collect()  # cycles that wait for the collector are not leak
            series.append(round(resident_mb(), 2))
    return series


def measure_memory(lines: Lines) -> bool:
    """Print the series of every scene, each from a fresh process; return whether all are flat."""
    flat = True
    for name, (_, calls) in SCENES.items():
        command = [sys.executable, "-m", "bench.footprint", "--scene", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        series = json.loads(done.stdout)
        quarter = len(series) // 4
        early = statistics.median(series[quarter : 2 * quarter])
        late = statistics.median(series[3 * quarter :])
        verdict = "flat" if late - early <= GROWTH_MB else "GROWS"
        flat &= verdict == "flat"
        lines.row(
            case=f"memory: {name}", calls=calls, early_mb=early, late_mb=late, verdict=verdict
        )
        lines.note(scene=name, resident_mb=series)
    return flat


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ("import", "wheel", "memory")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--wheel", type=Path, help="a wheel to weigh; default: build one")
    parser.add_argument("--processes", type=int, default=21, help="fresh processes for the import")
    parser.add_argument("--scene", choices=SCENES, help="run one memory scene in this process")
    Lines.add_option(parser)
    options = parser.parse_args()
    if options.scene:
        print(json.dumps(run_scene(options.scene)))
        return

    lines = Lines(as_json=options.json)
    lines.note(**machine())
    kept = []
    if "import" in options.only:
        kept.append(measure_import(lines, options.processes))
    if "wheel" in options.only:
        kept.append(measure_wheel(lines, options.wheel))
    if "memory" in options.only:
        kept.append(measure_memory(lines))
    if not all(kept):
        sys.exit("a promise is broken: 50 ms and 15 MB for the import, 4 MB, flat memory")


if __name__ == "__main__":
    main()
