"""``python -m fuzz files`` and ``python -m fuzz calls``, run from ``tests``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fuzz import files, hostile_calls
from fuzz.budget import run_all

OUTPUT = Path(__file__).parents[2] / "build" / "fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("kind", choices=["files", "calls"], help="damaged model files, or calls")
    parser.add_argument("--count", type=int, default=1000, help="how many cases")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where findings are written")
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.count)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if options.kind == "files":
            campaign = files.Campaign(options.seed, Path(folder))
        else:
            campaign = hostile_calls.Campaign(options.seed, Path(folder))
        found: Counter[str] = Counter()
        refused = 0
        seconds, memory = 0.0, 0
        for outcome in run_all(numbers, campaign.run, documented=campaign.documented):
            refused += outcome.refused
            seconds, memory = max(seconds, outcome.seconds), max(memory, outcome.memory)
            if not outcome.finding:
                continue
            found[outcome.finding] += 1
            if found[outcome.finding] <= 3:
                options.output.mkdir(parents=True, exist_ok=True)
                stem = options.output / f"{options.kind}-{options.seed}-{outcome.number}"
                campaign.write(outcome.number, stem)
                stem.with_suffix(".txt").write_text(outcome.detail, errors="backslashreplace")
                print(f"{stem}: {outcome.finding}", flush=True)
    print(
        f"seed {options.seed}: {len(numbers)} cases in {time.monotonic() - start:.0f} seconds, "
        f"{refused} refused, at most {seconds:.2f} CPU seconds and {memory / 2**20:.0f} MB"
    )
    for finding, count in found.most_common():
        print(f"{count:7} {finding}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
