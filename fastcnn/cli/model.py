"""Models as the command line needs them: one image in, a probability for each named class out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets._parts import SUFFIXES
from fastcnn.models import Model, load

__all__ = ["CLASS_NAMES", "Classifier"]

CLASS_NAMES = "class_names"  # their place in a model's metadata


@dataclass(frozen=True)
class Classifier:
    """A model that takes images of one size, and the names of its classes."""

    model: Model
    class_names: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Reads a model file.

        Classes without names in the file are called by their numbers.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: The file is damaged, or its model does not classify single images.
        """
        if path.suffix.lower() in SUFFIXES or path.is_dir():
            kind = "a folder" if path.is_dir() else "a picture"
            raise ValueError(
                f"{path} is {kind}, not a model: the model comes first, as in `fastcnn predict "
                "model.safetensors photo.jpg`"
            )
        model = load(path, compile=False, verify=True)
        takes, gives = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
        if not (_is_shape(takes, 4) and takes[3] in (1, 3) and _is_shape(gives, 2)):
            raise ValueError(
                f"{path} is not an image classifier: it takes {takes} and gives {gives}, expected "
                "(None, height, width, 1 or 3) and (None, classes)"
            )
        names = model.metadata.get(CLASS_NAMES, [str(number) for number in range(gives[1])])
        if not isinstance(names, list) or len(names) != gives[1]:
            raise ValueError(f"{path} gives {gives[1]} classes but names them {names!r}")
        return cls(model, tuple(str(name) for name in names))

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the images it takes."""
        height, width = self.model.input_shape[1:3]
        return height, width

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colour."""
        channels: int = self.model.input_shape[3]
        return channels

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The probability of each class ``(count, classes)`` for images ``(count, ...)``.

        Raises:
            ValueError: A score is no finite number.
        """
        outputs: NDArray[np.float32] = self.model.predict(images, verbose=0)
        if not np.isfinite(outputs).all():
            bad = [w.name for w in self.model.weights if not np.isfinite(w.numpy()).all()]
            cause = (
                f"its weight {bad[0]!r} has such numbers too" if bad else "its weights are finite"
            )
            raise ValueError(
                f"the model gives scores that are NaN or infinite, and {cause}: its training "
                "failed. Train it again, with a smaller --learning-rate"
            )
        sums = outputs.sum(axis=1)
        if (outputs >= 0).all() and np.allclose(sums, 1, atol=1e-3):
            return outputs
        # No softmax in the model: these are logits.
        odds: NDArray[np.float32] = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        return odds


def _is_shape(shape: Any, rank: int) -> TypeGuard[tuple[Any, ...]]:
    """Whether this is the shape of one array of that rank, open in its batch only."""
    return isinstance(shape, tuple) and len(shape) == rank and None not in shape[1:]
