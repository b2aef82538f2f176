"""A look at picture files before work begins: which are broken?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from fastcnn.datasets._decode import Form, read_picture, reason_text
from fastcnn.datasets._pixel_cache import PixelCache
from fastcnn.messages import Advice
from fastcnn.paths import open_regular

__all__ = ["balance_text", "broken_files", "broken_text", "undecodable_files"]

_TAIL = 2048
_SMALLEST = Form((1, 1))
_SHOWN_CLASSES = 20
#: Beyond this ratio of the largest class to the smallest, accuracy says little.
_UNEVEN = 3


def broken_files(files: Sequence[str], threads: int) -> dict[int, str]:
    """Positions of files that cannot be read, with the reason.

    Beginning and end of each file are looked at; one that looks wrong is decoded to make sure. What
    is damaged in the middle shows when it is decoded.
    """
    with ThreadPoolExecutor(threads) as pool:
        reasons = pool.map(_reason, files, chunksize=64)
        return {index: reason for index, reason in enumerate(reasons) if reason}


def _reason(path: str) -> str:
    try:
        with open_regular(path) as file:
            head = file.read(16)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, 0))
            tail = file.read()
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:
        return str(error)
    if not size:
        return "it is empty"
    if _looks_whole(head, tail, size):
        return ""
    try:
        read_picture(path, _SMALLEST)
    except (ValueError, OSError) as error:
        return _shortened(error, path)
    return ""


def _shortened(error: Exception, path: str) -> str:
    """What is wrong with a file, without its name."""
    return reason_text(error.__cause__ or error).replace(f" {path!r}", "")


def undecodable_files(
    files: Sequence[str],
    form: Form,
    threads: int,
    cache: PixelCache | None,
    places: Mapping[str, int],
) -> dict[str, str]:
    """Files that cannot be decoded, with the reason; what the others hold goes into the cache.

    Args:
        files: The pictures.
        form: What they are brought to.
        threads: How many decode.
        cache: Where decoded pictures are kept; those that are there are not decoded again.
        places: Of the pictures in the cache.
    """

    def check(path: str) -> str:
        if cache is not None and cache.holds(places[path]):
            return ""
        try:
            pixels = read_picture(path, form)
        except (ValueError, OSError) as error:
            return _shortened(error, path)
        if cache is not None:
            cache.write(places[path], pixels)
        return ""

    from tqdm import tqdm  # takes long to import, and few data sets need it

    with ThreadPoolExecutor(threads) as pool:
        found = tqdm(
            pool.map(check, files),
            desc="decoding pictures",
            total=len(files),
            unit="",
            delay=2,  # seconds; small folders show nothing
            leave=False,
            disable=None,  # shown on a terminal only
        )
        return {path: reason for path, reason in zip(files, found, strict=True) if reason}


def _looks_whole(head: bytes, tail: bytes, size: int) -> bool:
    if head.startswith(b"\xff\xd8\xff"):  # JPEG ends with a marker; some programs add to it
        return b"\xff\xd9" in tail
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" in tail
    if head.startswith((b"GIF87a", b"GIF89a")):
        return b"\x3b" in tail[-16:]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return int.from_bytes(head[4:8], "little") + 8 <= size
    if head.startswith(b"BM"):
        return int.from_bytes(head[2:6], "little") <= size
    return False


def broken_text(files: Sequence[str], broken: dict[int, str], most: int = 10) -> str:
    """The first of the broken files with reasons, and how many more there are."""
    lines = sorted(f"  {files[index]}: {reason}" for index, reason in broken.items())[:most]
    if len(broken) > most:
        lines.append(f"  and {len(broken) - most} more")
    return "\n".join(lines)


def balance_text(class_names: Sequence[str], counts: Sequence[int]) -> str:
    """How many pictures each class has, and whether that is very uneven."""
    order = sorted(range(len(counts)), key=lambda i: (-counts[i], i))
    shown = range(len(counts)) if len(counts) <= _SHOWN_CLASSES else [*order[:3], *order[-3:]]
    text: str = ", ".join(f"{class_names[i]} {counts[i]}" for i in shown)
    if len(counts) > _SHOWN_CLASSES:
        text = f"the largest and smallest are {text}"
    largest, smallest = counts[order[0]], counts[order[-1]]
    if largest > _UNEVEN * smallest:
        return Advice(
            f"{text}. The largest has {largest / max(smallest, 1):.0f} times as many as the "
            "smallest: accuracy will flatter, and ",
            python="fit's class_weight can help",
            command="--class-weight balanced can help",
        )
    return text
