"""Data sets as NumPy arrays: each module has a function that loads, and imports nothing heavy.

Where data comes from: ``FASTCNN_DATA_DIR``, when set, is where data sets are stored, and then
nothing is ever downloaded. Otherwise a download is kept in ``FASTCNN_CACHE_DIR``
(``~/.cache/fastcnn``).
"""

from fastcnn.datasets import cifar10, cifar100, digits, fashion_mnist, image_folder, mnist

__all__ = ["cifar10", "cifar100", "digits", "fashion_mnist", "image_folder", "mnist"]
