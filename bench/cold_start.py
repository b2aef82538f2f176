"""What the first prediction of a process costs, with and without huge pages.

    python -m bench.cold_start --rounds 5

Each round starts processes in turns. One makes a network, predicts a batch for the first time and
once more; large blocks of its memory ask for huge pages, or the process has refused them for itself
(``prctl(PR_SET_THP_DISABLE)``). Columns: milliseconds of the first and the second prediction,
milliseconds of system time and page faults of the first, megabytes of memory in use after it.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import resource
import statistics
import subprocess
import sys
import time

CASES = {
    "ResNet18 b1": ("ResNet18", 1),
    "ResNet18 b8": ("ResNet18", 8),
    "MobileNetV2 b1": ("MobileNetV2", 1),
    "MobileNetV2 b32": ("MobileNetV2", 32),
}
_PR_SET_THP_DISABLE = 41


def child(network: str, batch: int, huge: bool) -> None:
    """Prints the numbers of one process."""
    if not huge:
        ctypes.CDLL(None).prctl(_PR_SET_THP_DISABLE, 1, 0, 0, 0)
    import numpy as np

    from fastcnn import applications

    model = getattr(applications, network)(weights=None, input_shape=(224, 224, 3))
    x = np.ones((batch, 224, 224, 3), np.float32)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    model.predict_on_batch(x)
    first = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    model.predict_on_batch(x)
    print(
        json.dumps(
            {
                "first": first * 1e3,
                "second": (time.perf_counter() - began) * 1e3,
                "system": (after.ru_stime - before.ru_stime) * 1e3,
                "faults": after.ru_minflt - before.ru_minflt,
                "memory": after.ru_maxrss / 1024,
            }
        )
    )


def main() -> None:
    """Prints the table of medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        network, batch, huge = options.child
        child(network, int(batch), huge == "huge")
        return
    print("case               pages   first ms  second ms  system ms    faults   MB")
    for case, (network, batch) in CASES.items():
        found: dict[str, list[dict[str, float]]] = {"huge": [], "small": []}
        for _ in range(options.rounds):
            for pages, runs in found.items():
                command = [sys.executable, "-m", "bench.cold_start"]
                command += ["--child", network, str(batch), pages]
                answer = subprocess.run(command, check=True, capture_output=True, text=True)
                runs.append(json.loads(answer.stdout))
        for pages, runs in found.items():
            middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            print(
                f"{case:18} {pages:6} {middle['first']:9.1f} {middle['second']:10.1f} "
                f"{middle['system']:10.1f} {middle['faults']:9.0f} {middle['memory']:4.0f}"
            )


if __name__ == "__main__":
    main()
