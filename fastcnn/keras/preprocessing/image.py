"""Single pictures: from files to Pillow's images and arrays, and back."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastcnn.datasets._decode import need_pillow, wide_grey
from fastcnn.paths import AnyPath, open_regular

if TYPE_CHECKING:
    import PIL.Image

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img"]

Array = NDArray[Any]

#: Pillow's modes for Keras' names of them.
_MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}
_GREY = ("L", "I;16", "I")
_FILTERS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def load_img(
    path: AnyPath | io.BytesIO,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> PIL.Image.Image:
    """Read a picture.

    Args:
        path: The file, or its bytes in a ``BytesIO``.
        color_mode: ``"rgb"``, ``"rgba"`` or ``"grayscale"``, which leaves 16-bit grey as it is.
        target_size: Height and width to bring it to; ``None`` leaves it.
        interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"hamming"``, ``"box"`` or
            ``"lanczos"``.
        keep_aspect_ratio: Whether to cut the middle out instead of stretching.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: An unknown mode or interpolation, or colour is wanted of grey pixels whose range
            is unknown: real numbers, or integers of 32 bits.
    """
    need_pillow()
    from PIL import Image

    if color_mode not in _MODES:
        raise ValueError(f"color_mode must be one of {', '.join(_MODES)}, got {color_mode!r}")
    if interpolation not in _FILTERS:
        raise ValueError(
            f"interpolation must be one of {', '.join(_FILTERS)}, got {interpolation!r}"
        )
    if hasattr(path, "read"):
        image: Any = Image.open(path)
        image.load()
    else:
        with io.BufferedReader(open_regular(path)) as file:
            image = Image.open(file)
            image.load()
    if not (color_mode == "grayscale" and image.mode in _GREY):
        image = wide_grey(image).convert(_MODES[color_mode])
    if target_size is None or image.size == (target_size[1], target_size[0]):
        return image  # type: ignore[no-any-return]
    height, width = target_size
    box = None
    if keep_aspect_ratio:
        inner_width = min(image.width, image.height * width // height)
        inner_height = min(image.height, image.width * height // width)
        left, top = (image.width - inner_width) // 2, (image.height - inner_height) // 2
        box = (left, top, left + inner_width, top + inner_height)
    kind = Image.Resampling[interpolation.upper()]
    return image.resize((width, height), kind, box=box)  # type: ignore[no-any-return]


def img_to_array(
    img: PIL.Image.Image, data_format: str | None = None, dtype: DTypeLike | None = None
) -> Array:
    """Pixels of a picture, ``(height, width, channels)``.

    Args:
        img: A picture, or an array of rank 2 or 3.
        data_format: ``"channels_last"`` or ``None``.
        dtype: ``None`` is float32.

    Raises:
        ValueError: Another layout or rank.
    """
    _check_layout(data_format)
    x = np.asarray(img, dtype or "float32")
    if x.ndim not in (2, 3):
        raise ValueError(f"a picture has 2 or 3 axes, got an array of shape {x.shape}")
    return x if x.ndim == 3 else x[..., None]


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: DTypeLike | None = None
) -> PIL.Image.Image:
    """A picture of pixels.

    Args:
        x: ``(height, width, channels)`` with 1, 3 or 4 channels.
        data_format: ``"channels_last"`` or ``None``.
        scale: Whether the least value becomes 0 and the largest 255; otherwise values are
            taken as they are.
        dtype: What to compute in; ``None`` is float32.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: Another layout or shape.
    """
    need_pillow()
    from PIL import Image

    _check_layout(data_format)
    pixels = np.asarray(x, dtype or "float32")
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"a picture is (height, width, channels) with 1, 3 or 4 channels, got {pixels.shape}"
        )
    if scale:
        pixels = pixels - pixels.min()
        pixels = pixels * (255 / (pixels.max() or 1))
    if pixels.shape[2] > 1:
        return Image.fromarray(pixels.astype(np.uint8))
    # Grey beyond 8 bits has a mode of its own.
    wide = pixels.max(initial=0) > 255
    return Image.fromarray(pixels[..., 0].astype(np.int32 if wide else np.uint8))


def save_img(
    path: AnyPath | io.BytesIO,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
) -> None:
    """Write pixels as a picture.

    Args:
        path: Where; a ``BytesIO`` needs ``file_format``.
        x: As :func:`array_to_img` takes it; JPEG leaves transparency out.
        data_format: ``"channels_last"`` or ``None``.
        file_format: ``"png"``, ``"jpeg"`` ...; ``None`` goes by the name.
        scale: See :func:`array_to_img`.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: Another layout or shape, or an unknown format.
    """
    image = array_to_img(x, data_format, scale)
    target: Any = path if hasattr(path, "write") else os.fsdecode(path)
    ending = os.path.splitext(target)[1][1:] if isinstance(target, str) else ""
    kind = (file_format or ending).lower().replace("jpg", "jpeg")
    if kind == "jpeg" and image.mode == "RGBA":
        image = image.convert("RGB")
    image.save(target, format=kind)


def _check_layout(data_format: str | None) -> None:
    if data_format not in (None, "channels_last"):
        raise ValueError(f"data_format must be 'channels_last', got {data_format!r}")
