"""MNIST: 70,000 handwritten digits of 28x28 grey pixels.

Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets import _idx
from fastcnn.datasets._download import RemoteFile
from fastcnn.paths import AnyPath

__all__ = ["CLASS_NAMES", "load_data", "read_idx"]

CLASS_NAMES = tuple("0123456789")

_HOME = "https://storage.googleapis.com/cvdf-datasets/mnist/"


def _part(name: str, shape: tuple[int, ...], md5: str, size: int, sha256: str) -> _idx.Part:
    return _idx.Part(name, shape, md5, RemoteFile(f"{_HOME}{name}", size, sha256))


_SET = _idx.IdxSet(
    name="MNIST",
    folders=("mnist",),
    parts=(
        _part(
            "train-images-idx3-ubyte.gz",
            (60_000, 28, 28),
            "6bbc9ace898e44ae57da46a324031adb",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        _part(
            "train-labels-idx1-ubyte.gz",
            (60_000,),
            "a25bea736e30d166cdddb491f175f624",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        _part(
            "t10k-images-idx3-ubyte.gz",
            (10_000, 28, 28),
            "2646ac647ad5339dbf082846283269ea",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        _part(
            "t10k-labels-idx1-ubyte.gz",
            (10_000,),
            "27ae3e4e09519cfbb04c329615203637",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
)

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data() -> tuple[Split, Split]:
    """Loads MNIST, downloading it (12 MB) the first time.

    With ``FASTCNN_DATA_DIR`` set nothing is downloaded: the four IDX files are in that folder, or
    in ``mnist`` inside it. What they are called does not matter, nor whether they are
    compressed: they are recognized by their content. Otherwise the data is kept in
    ``FASTCNN_CACHE_DIR`` (``~/.cache/fastcnn`` when unset).

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images ``(60000, 28, 28)`` and
        ``(10000, 28, 28)``, labels ``(60000,)`` and ``(10000,)``, all uint8.

    Raises:
        FileNotFoundError: ``FASTCNN_DATA_DIR`` is set and MNIST is not there.
        ConnectionError: The download failed; what came is kept and the next call goes on there.
        ValueError: A file is damaged or holds something else.
    """
    (x_train, y_train), (x_test, y_test) = _idx.load(_SET)
    return (x_train, y_train), (x_test, y_test)


def read_idx(path: AnyPath) -> NDArray[Any]:
    """Reads any one file in IDX layout, compressed by gzip or not.

    Args:
        path: The file.

    Returns:
        Its values in their shape and type.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not an IDX file, or is damaged; says how.
    """
    return _idx.read_idx(path)
