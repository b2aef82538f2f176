"""Downloads one file whose size and checksum are known beforehand: resumed, checked, then shown."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.client import HTTPResponse
from fastcnn.paths import named_errors

__all__ = ["RemoteFile", "cache_folder", "exclusive", "fetch"]

_CHUNK = 1 << 18
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class RemoteFile:
    """Where a file is, and what it must be: its address, size in bytes, and SHA-256 in hex."""

    url: str
    size: int
    sha256: str


def cache_folder() -> Path:
    """Where downloads are kept: ``$FASTCNN_CACHE_DIR``, else ``fastcnn`` in the user's cache."""
    if chosen := os.environ.get("FASTCNN_CACHE_DIR"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastcnn"


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Lets one process at a time into the block, by a lock on the file ``path``.

    Several processes of one job ask for the same data at once; the first downloads, the others
    wait and find it done. The lock goes with its process, so a killed one leaves nothing behind.
    """
    try:
        import fcntl
    except ImportError:  # Windows: a second process would start its own download
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(remote: RemoteFile, path: Path) -> None:
    """Downloads ``remote`` to ``path``, going on where an earlier attempt was cut off.

    The bytes gather in ``path`` with ``.part`` appended and get their final name only when size
    and checksum are right, so ``path`` is never half a file. A connection that breaks is taken up
    again as long as each attempt brings something.

    Args:
        remote: What to download.
        path: The file to write; its folder exists.

    Raises:
        OSError: The file cannot be written, as on a full disk.
        ConnectionError: The server could not be reached or stopped sending. What came is kept.
        ValueError: The file is not the one expected. It is removed.
    """
    # What speaks HTTP takes 50 ms to import, and few programs download anything.
    import urllib.error
    from http.client import HTTPException

    part = path.with_name(path.name + ".part")
    while True:
        before = _size(part)
        try:
            _receive(remote, part, before)
        except (OSError, HTTPException) as error:  # URLError and timeouts are OSErrors
            if getattr(error, "filename", None) == os.fspath(part):
                raise  # of the disk, not of the connection
            if isinstance(error, urllib.error.HTTPError) or _size(part) <= before:
                raise ConnectionError(
                    f"could not download {remote.url}: {error or type(error).__name__}; "
                    f"{_size(part):,} of {remote.size:,} bytes are here and will be kept. "
                    f"Call again to go on from there, or put the file at {path} yourself"
                ) from error
        else:
            break
    with part.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != remote.sha256:
        part.unlink()
        raise ValueError(
            f"{remote.url} has the wrong content: its SHA-256 is {digest.hexdigest()}, expected "
            f"{remote.sha256}. The download was removed: call again to start afresh; if it is "
            "wrong again, something between here and the server changes it"
        )
    part.replace(path)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _receive(remote: RemoteFile, part: Path, start: int) -> None:
    """Appends to ``part``, which holds ``start`` bytes, until it is as long as ``remote``.

    Raises:
        OSError, HTTPException: The connection could not be made or broke.
    """
    if start >= remote.size:
        return
    import urllib.request

    from tqdm import tqdm

    request = urllib.request.Request(remote.url)
    if start:
        request.add_header("Range", f"bytes={start}-")
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
        if start and not _continues(response, start):
            start = 0  # the server sends the whole file whatever is asked for
        with (
            part.open("r+b" if start else "wb") as file,
            tqdm(
                total=remote.size,
                initial=start,
                desc=remote.url.rsplit("/", 1)[-1],
                unit="B",
                unit_scale=True,
                disable=None,  # shown on a terminal only
            ) as bar,
        ):
            file.truncate(start)
            file.seek(start)
            left = remote.size - start
            while left and (chunk := response.read(min(_CHUNK, left))):
                with named_errors(part):
                    file.write(chunk)
                bar.update(len(chunk))
                left -= len(chunk)
    if left:
        raise ConnectionError(f"the server stopped {left:,} bytes too early")


def _continues(response: HTTPResponse, start: int) -> bool:
    sent = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status == 206 and sent is not None and int(sent[1]) == start
