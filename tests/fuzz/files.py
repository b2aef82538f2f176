"""Damaged model files are loaded, and run if that succeeds."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

import fastcnn
from fastcnn.tree import flatten, map_structure
from fuzz.budget import in_child
from fuzz.corpus import write_corpus
from fuzz.mutations import mutated

#: Elements of values between layers up to which a model that was loaded is run, too.
_SMALL = 1 << 16


class Campaign:
    """Cases by number: damage, chosen by seed and number, to one of the corpus' files.

    Args:
        seed: Of all choices.
        folder: For the corpus and the file in work.
    """

    documented = (ValueError,)

    def __init__(self, seed: int, folder: Path) -> None:
        self._seed = seed
        self._folder = folder
        corpus = folder / "corpus"
        corpus.mkdir()
        # In a child, because threads that compute would not survive later forks.
        in_child(lambda: write_corpus(corpus))
        files = [path.read_bytes() for path in sorted(corpus.iterdir())]
        # The work of a case grows with the file, the chance that it meets something hardly.
        self._corpus = [raw for raw in files for _ in range(max(1, 16_000 // len(raw)))]

    def case(self, number: int) -> bytes:
        """The bytes of a damaged file."""
        rng = np.random.default_rng([self._seed, number])
        raw = self._corpus[int(rng.integers(len(self._corpus)))]
        return mutated(raw, self._corpus, rng)

    def run(self, number: int) -> str:
        """Loads it."""
        path = self._folder / f"{os.getpid()}.safetensors"
        path.write_bytes(self.case(number))
        model: Any = fastcnn.load(path, verify=number % 16 == 0)
        model.summary(print_fn=lambda *line, **settings: None)
        self._predict(model)
        return ""

    def _predict(self, model: Any) -> None:
        graph = model.graph
        if graph is None:
            return
        values = [*graph.inputs, *(v for call in graph.calls for v in flatten(call.outputs))]
        sizes = [[8 if size is None else size for size in value.shape] for value in values]
        if sum(map(math.prod, sizes)) > _SMALL:
            return
        inputs = {id(v): np.ones(s, v.dtype) for v, s in zip(graph.inputs, sizes, strict=False)}
        try:
            model(map_structure(lambda v: inputs[id(v)], graph.input_structure))
        except (TypeError, MemoryError) as error:  # sizes of a case that cannot be
            raise ValueError(str(error)) from error

    def write(self, number: int, stem: Path) -> None:
        """Writes the file of a case."""
        stem.with_suffix(".safetensors").write_bytes(self.case(number))
