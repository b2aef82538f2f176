"""Fashion-MNIST: 70,000 pieces of clothing of 28x28 grey pixels in ten classes.

H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
Learning Algorithms", arXiv 1708.07747.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets import _idx
from fastcnn.datasets._download import RemoteFile
from fastcnn.paths import AnyPath

__all__ = ["CLASS_NAMES", "load_data", "read_idx"]

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_HOME = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"


def _part(name: str, shape: tuple[int, ...], md5: str, size: int, sha256: str) -> _idx.Part:
    return _idx.Part(name, shape, md5, RemoteFile(f"{_HOME}{name}", size, sha256))


_SET = _idx.IdxSet(
    name="Fashion-MNIST",
    folders=("fashion_mnist", "fashion-mnist", "fashion"),
    parts=(
        _part(
            "train-images-idx3-ubyte.gz",
            (60_000, 28, 28),
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        _part(
            "train-labels-idx1-ubyte.gz",
            (60_000,),
            "9018921c3c673c538a1fc5bad174d6f9",
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        _part(
            "t10k-images-idx3-ubyte.gz",
            (10_000, 28, 28),
            "8181f5470baa50b63fa0f6fddb340f0a",
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        _part(
            "t10k-labels-idx1-ubyte.gz",
            (10_000,),
            "15d484375f8d13e6eb1aabb0c3f46965",
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
)

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data() -> tuple[Split, Split]:
    """Loads Fashion-MNIST, downloading it (31 MB) the first time.

    With ``FASTCNN_DATA_DIR`` set nothing is downloaded: the four IDX files are in that folder, or
    in ``fashion_mnist`` inside it. What they are called does not matter, nor whether they are
    compressed: they are recognized by their content. Otherwise the data is kept in
    ``FASTCNN_CACHE_DIR`` (``~/.cache/fastcnn`` when unset).

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images ``(60000, 28, 28)`` and
        ``(10000, 28, 28)``, labels ``(60000,)`` and ``(10000,)``, all uint8.

    Raises:
        FileNotFoundError: ``FASTCNN_DATA_DIR`` is set and Fashion-MNIST is not there.
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
