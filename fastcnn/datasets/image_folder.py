"""A folder of pictures, one subfolder per class, as arrays.

::

    pets/
      cat/  1.jpg  2.png  more/3.jpg
      dog/  1.jpg  2.jpg
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import PIL.Image

__all__ = ["Folder", "Split", "load", "read_image"]

_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
_MODES = {"rgb": ("RGB", 3), "grayscale": ("L", 1)}


class Split(NamedTuple):
    """Images ``(count, height, width, channels)`` and class numbers ``(count,)``."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


class Folder(NamedTuple):
    """What :func:`load` returns."""

    train: Split
    validation: Split
    class_names: tuple[str, ...]


def load(
    folder: str | os.PathLike[str],
    image_size: tuple[int, int] = (256, 256),
    *,
    color_mode: str = "rgb",
    validation_split: float = 0.0,
    seed: int = 0,
    unreadable: str = "error",
) -> Folder:
    """Reads every picture below ``folder``; the subfolder it lies in is its class.

    Pictures are found by their ending (bmp, gif, jpg, png, tif, webp), also in folders inside a
    class; names that begin with a dot are passed over. Classes and pictures come in the order of
    their names. Every picture is read as :func:`read_image` does.

    Args:
        folder: Has one subfolder per class, named as the class.
        image_size: Height and width in pixels.
        color_mode: ``"rgb"`` or ``"grayscale"``.
        validation_split: Part of each class to set apart, at least 0 and less than 1.
        seed: Decides which pictures are set apart.
        unreadable: ``"error"`` stops at a file that is no picture; ``"skip"`` leaves it out with
            a warning.

    Returns:
        ``train, validation, class_names``: twice ``images, labels`` (uint8, int64), and the names
        that the labels count. Without ``validation_split`` the second part is empty.

    Raises:
        FileNotFoundError: ``folder`` is not there.
        ImportError: Pillow is not installed.
        ValueError: An argument is out of its range, there is no class or a class without a
            picture, or a file cannot be read.
    """
    if not 0 <= validation_split < 1:
        raise ValueError(
            f"validation_split must be at least 0 and less than 1, got {validation_split}"
        )
    if unreadable not in ("error", "skip"):
        raise ValueError(f"unreadable must be 'error' or 'skip', got {unreadable!r}")
    _check(image_size, color_mode)
    class_names, paths, labels = _list(Path(folder))
    images, readable = _read_all(paths, image_size, color_mode, skip=unreadable == "skip")

    apart = np.zeros(len(paths), bool)
    rng = np.random.default_rng(seed)
    for number, name in enumerate(class_names):
        members = np.flatnonzero(readable & (labels == number))
        count = round(len(members) * validation_split)
        if count == len(members):
            raise ValueError(
                f"class {name!r} has {len(members)} readable pictures, which leaves none for "
                "training: add pictures to it, or move the folder elsewhere"
            )
        apart[rng.permutation(members)[:count]] = True
    kept = readable & ~apart
    return Folder(
        Split(images[kept], labels[kept]), Split(images[apart], labels[apart]), class_names
    )


def read_image(
    path: str | os.PathLike[str], image_size: tuple[int, int], *, color_mode: str = "rgb"
) -> NDArray[np.uint8]:
    """Reads one picture and stretches it to ``image_size``.

    A rotation noted by the camera is carried out; transparent parts become white; palettes, CMYK
    and 16-bit grey are converted; of an animation the first frame is taken.

    Args:
        path: The picture.
        image_size: Height and width in pixels.
        color_mode: ``"rgb"`` or ``"grayscale"``.

    Returns:
        ``(height, width, 3)``, or ``(height, width, 1)`` for grayscale, uint8.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: Pillow is not installed.
        ValueError: The file is no picture or is damaged, or an argument is out of its range.
    """
    _check(image_size, color_mode)
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise ImportError(
            'reading pictures needs Pillow, which is not installed: pip install "fastcnn[image]"'
        ) from None
    try:
        with Image.open(path) as image:
            # Lets a JPEG be decoded at a half, a quarter or an eighth of its size when that is
            # still large enough: several times faster on photographs.
            image.draft(None, (2 * max(image_size), 2 * max(image_size)))
            upright = _eight_bits(ImageOps.exif_transpose(image))
            mode, channels = _MODES[color_mode]
            height, width = image_size
            resized = upright.convert(mode).resize((width, height), Image.Resampling.BILINEAR)
    except FileNotFoundError:
        raise
    except Exception as error:  # decoders raise all kinds on a damaged file, SyntaxError among them
        raise ValueError(
            f"{os.fspath(path)} cannot be read as a picture ({error}): repair or remove it"
        ) from error
    return np.asarray(resized).reshape(height, width, channels)


def _check(image_size: tuple[int, int], color_mode: str) -> None:
    if len(image_size) != 2 or min(image_size) < 1:
        raise ValueError(f"image_size must be (height, width), both positive; got {image_size}")
    if color_mode not in _MODES:
        raise ValueError(f"color_mode must be 'rgb' or 'grayscale', got {color_mode!r}")


def _eight_bits(image: PIL.Image.Image) -> PIL.Image.Image:
    """The same picture in a mode that converts to RGB or grey as one would expect."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        return Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("its pixels are real numbers, of which no one says what is white")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


def _list(folder: Path) -> tuple[tuple[str, ...], list[Path], NDArray[np.int64]]:
    """Class names, pictures in order, and the class number of each."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}: give one whose subfolders are the classes"
        )
    classes = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not classes:
        raise ValueError(
            f"{folder} has no subfolders: put the pictures of each class into a folder of its own, "
            f"such as {folder / 'cat'} and {folder / 'dog'}"
        )
    paths: list[Path] = []
    labels: list[int] = []
    for number, home in enumerate(classes):
        found = sorted(_pictures(home))
        if not found:
            raise ValueError(
                f"{home} has no pictures ({', '.join(sorted(_SUFFIXES))}): every subfolder is "
                "a class, so add pictures to it or move it elsewhere"
            )
        paths += found
        labels += [number] * len(found)
    return tuple(home.name for home in classes), paths, np.array(labels, np.int64)


def _pictures(home: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(home):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES:
                yield Path(parent, name)


def _read_all(
    paths: list[Path], image_size: tuple[int, int], color_mode: str, *, skip: bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """All pictures in one array, and which of them could be read."""
    images = np.zeros((len(paths), *image_size, _MODES[color_mode][1]), np.uint8)

    def read(i: int) -> ValueError | None:
        try:
            images[i] = read_image(paths[i], image_size, color_mode=color_mode)
        except ValueError as error:
            return error
        return None

    readable = np.ones(len(paths), bool)
    # Pillow decodes without holding the interpreter's lock, so threads help.
    with ThreadPoolExecutor() as pool:
        for i, error in enumerate(pool.map(read, range(len(paths)))):
            if error is None:
                continue
            if not skip:
                raise error
            warnings.warn(f"left out: {error}", stacklevel=3)
            readable[i] = False
    return images, readable
