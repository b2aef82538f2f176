"""Tables of what occurs together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import Float64, float64


def pair_sums(
    rows: ArrayLike, columns: ArrayLike, weights: ArrayLike, size: Sequence[int]
) -> Float64:
    """Sums of weights by pairs of numbers; pairs outside of the table are left out."""
    r, c, table = np.asarray(rows), np.asarray(columns), np.zeros(tuple(size))
    inside = (r >= 0) & (r < size[0]) & (c >= 0) & (c < size[1])
    np.add.at(table, (r[inside], c[inside]), float64(weights)[inside])
    return table
