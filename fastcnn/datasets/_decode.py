"""One picture file as pixels."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import PIL.Image

from fastcnn.paths import AnyPath, open_regular

__all__ = ["Form", "need_pillow", "read_picture", "reason_text", "wide_grey"]

_MODES = {"rgb": ("RGB", 3), "grayscale": ("L", 1), "rgba": ("RGBA", 4)}
#: Keras' names, and what Pillow calls them.
_FILTERS = {
    "nearest": "NEAREST",
    "bilinear": "BILINEAR",
    "bicubic": "BICUBIC",
    "lanczos3": "LANCZOS",
    "area": "BOX",
}
_ASPECTS = ("stretch", "crop", "pad")
#: Formats that say what white is in grey of more than 8 bits.
_RANGED = ("PNG", "PPM", "TIFF", "JPEG2000")
_TIFF_BITS, _TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


@dataclass(frozen=True)
class Form:
    """What pictures are brought to.

    Attributes:
        image_size: Height and width in pixels.
        color_mode: ``"rgb"``, ``"grayscale"`` or ``"rgba"``.
        interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos3"`` or ``"area"``.
        aspect: What is done where the aspect ratio differs: ``"stretch"``, ``"crop"`` the middle,
            or ``"pad"`` with black.

    Raises:
        ValueError: Another value.
    """

    image_size: tuple[int, int]
    color_mode: str = "rgb"
    interpolation: str = "bilinear"
    aspect: str = "stretch"

    def __post_init__(self) -> None:
        given: Any = self.image_size
        sizes = [given, given] if isinstance(given, int | np.integer) else given
        if (
            not isinstance(sizes, list | tuple)
            or len(sizes) != 2
            or not all(_is_count(size) for size in sizes)
        ):
            raise ValueError(
                f"image_size must be (height, width), both positive integers, or one number for "
                f"both; got {given!r}"
            )
        object.__setattr__(self, "image_size", tuple(map(int, sizes)))
        for name, known in (
            ("color_mode", _MODES),
            ("interpolation", _FILTERS),
            ("aspect", _ASPECTS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(map(repr, known))}, got "
                    f"{getattr(self, name)!r}"
                )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return (*self.image_size, _MODES[self.color_mode][1])


def _is_count(value: Any) -> bool:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return bool(whole and value >= 1)


def need_pillow() -> None:
    """Say what to install.

    Raises:
        ImportError: Pillow is not installed.
    """
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise ImportError(
            'reading pictures needs Pillow, which is not installed: pip install "fastcnn[image]"'
        ) from None


def read_picture(path: AnyPath, form: Form) -> NDArray[np.uint8]:
    """Reads one picture.

    A rotation noted by the camera is carried out; transparent parts become white, unless the form
    keeps them; palettes, CMYK and 16-bit grey are converted; of an animation or several pages the
    first is taken. Pixels of 32 bits or real numbers are refused: no one says which is white.

    Returns:
        ``form.shape``, uint8.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: Pillow is not installed.
        ValueError: The file is not a picture or is damaged, or the range of its pixels is unknown.
    """
    need_pillow()
    from PIL import Image, ImageOps

    try:
        # By a file and not by its name, which Pillow would map into memory: whoever cuts it off
        # meanwhile ended the process.
        with io.BufferedReader(open_regular(path)) as file, Image.open(file) as image:
            if form.aspect == "stretch":
                # Lets a JPEG be decoded at a half, a quarter or an eighth of its size when that is
                # still large enough: several times faster on photographs.
                enough = 2 * max(form.image_size)
                image.draft(None, (enough, enough))
            keeps_alpha = form.color_mode == "rgba"
            upright = ImageOps.exif_transpose(wide_grey(image))
            if upright.mode == "La":  # which Pillow converts to nothing else
                upright = upright.convert("LA")
            if not keeps_alpha:
                upright = _on_white(upright)
            resized = _resized(upright.convert(_MODES[form.color_mode][0]), form)
    except FileNotFoundError:
        raise
    except Exception as error:  # decoders raise all kinds on a damaged file, SyntaxError among them
        raise ValueError(
            f"{os.fsdecode(path)} cannot be read as a picture ({reason_text(error)}): repair or "
            "remove it"
        ) from error
    return np.asarray(resized).reshape(form.shape)


def reason_text(error: BaseException) -> str:
    """What a decoder found wrong, without the object in memory that Pillow names."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "it is in no format that Pillow knows"
    return str(error)


def _resized(image: PIL.Image.Image, form: Form) -> PIL.Image.Image:
    from PIL import Image

    height, width = form.image_size
    kind = Image.Resampling[_FILTERS[form.interpolation]]
    if form.aspect == "crop":
        inner_width = min(image.width, max(image.height * width // height, 1))
        inner_height = min(image.height, max(image.width * height // width, 1))
        left, top = (image.width - inner_width) // 2, (image.height - inner_height) // 2
        box = (left, top, left + inner_width, top + inner_height)
        return image.resize((width, height), kind, box=box)
    if form.aspect == "pad":
        outer_width = max(image.width, image.height * width // height)
        outer_height = max(image.height, image.width * height // width)
        canvas = Image.new(image.mode, (outer_width, outer_height))
        place = ((outer_width - image.width) // 2, (outer_height - image.height) // 2)
        canvas.paste(image, place)
        image = canvas
    return image.resize((width, height), kind)


def wide_grey(image: PIL.Image.Image) -> PIL.Image.Image:
    """The same picture in 8 bits if it is grey of more, which Pillow would clip at 255.

    Raises:
        ValueError: Its pixels have no range by which one could tell what is white.
    """
    if image.mode == "F":
        raise ValueError(
            "its pixels are real numbers, and nothing says which is white; save it with 8 bits"
        )
    if not image.mode.startswith("I"):
        return image
    if image.format not in _RANGED or (image.mode == "I" and image.format == "TIFF"):
        raise ValueError(
            f"its pixels are integers of {'32' if image.mode == 'I' else '16'} bits or signed, and "
            "nothing says which is white; save it with 8 bits"
        )
    from PIL import Image

    tags: Any = getattr(image, "tag_v2", {})
    bits = int(tags.get(_TIFF_BITS, (16,))[0])
    levels = np.asarray(image).astype(np.int64)
    transparent = image.info.get("transparency")
    opaque = None if transparent is None else (levels != transparent)
    if 0 < levels.max() < 256 and bits > 8:
        raise ValueError(
            f"its pixels have {bits} bits, but none is above {levels.max()}, which is black of "
            f"{2**bits - 1}; if white is 255, save it with 8 bits"
        )
    if tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO:
        levels = (1 << bits) - 1 - levels
    narrow = Image.fromarray((levels >> (bits - 8)).astype(np.uint8))
    if opaque is not None:
        narrow.putalpha(Image.fromarray(opaque.astype(np.uint8) * np.uint8(255)))
    exif = image.getexif()
    if exif:
        narrow.info["exif"] = exif.tobytes()
    return narrow


def _on_white(image: PIL.Image.Image) -> PIL.Image.Image:
    """The same picture with white behind its transparent parts."""
    from PIL import Image

    if (
        image.mode in ("LA", "PA", "RGBA", "RGBa")
        or "transparency" in image.info
        or (image.mode == "P" and image.palette is not None and image.palette.mode == "RGBA")
    ):
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image
