"""Files appear whole or not at all, wherever their names lead."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from fastcnn import atomic_file
from fastcnn.saving.safetensors_file import read_file, write_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def save(path: Path, number: float = 1, size: int = 4, **settings: bool) -> None:
    write_file(path, {"number": number}, {"x": np.full(size, number)}, **settings)


def number(path: Path) -> float:
    with read_file(path, verify=True) as found:
        assert (found.arrays(["x"])[0] == found.description["number"]).all()
        return found.description["number"]


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_full_file_system_is_named(path):
    """The limit on the size of files stands for a full disk: both fail in the middle."""
    save(path)
    script = """if True:
        import errno, os, resource, sys
        import numpy as np
        from fastcnn.saving.safetensors_file import write_file
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, resource.RLIM_INFINITY))
        try:
            write_file(sys.argv[1], {}, {"x": np.ones(1 << 20)})
        except OSError as error:
            assert error.errno == errno.EFBIG, error
            assert error.filename == sys.argv[1], error
            assert "cannot save 8388" in str(error) and "ulimit -f" in str(error), error
        else:
            raise AssertionError("nothing was raised")
    """
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert names(path.parent) == [path.name]
    assert number(path) == 1


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (errno.ENOSPC, OSError, "No space left .* cannot save [0-9]+ bytes .*free as many"),
        (errno.EDQUOT, OSError, "free as many"),
        (errno.EACCES, PermissionError, "must be writable, or save elsewhere"),
        (errno.EIO, OSError, "Input/output error: cannot save"),
    ],
)
@pytest.mark.parametrize("call", ["open", "pwrite", "fsync", "replace"])
def test_what_the_file_system_refuses(path, monkeypatch, call, code, kind, message):
    save(path)

    def refuse(*args, **more):
        if call != "open" or args[1] & os.O_CREAT:
            raise OSError(code, os.strerror(code), "some file")
        return opened(*args, **more)

    opened = os.open
    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(kind, match=message) as caught:
            save(path, 2)
    assert (caught.value.errno, caught.value.filename) == (code, str(path))
    assert names(path.parent) == [path.name]
    assert number(path) == 1


@pytest.mark.parametrize("call", ["pwrite", "fsync", "replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_stopped_at_any_moment(path, monkeypatch, call, error):
    save(path)

    def stop(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, call, stop)
        with pytest.raises(error):
            save(path, 2)
    assert names(path.parent) == [path.name]
    assert number(path) == 1


def test_few_bytes_at_a_time(path, monkeypatch):
    """The system may write and read less than it was asked to."""
    write, read = os.pwrite, os.preadv
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: write(file, data[:7], at))
    monkeypatch.setattr(os, "preadv", lambda file, into, at: read(file, [into[0][:5]], at))
    save(path, 3, 40)
    assert number(path) == 3


def test_whoever_reads_meanwhile_finds_a_whole_file(path):
    save(path, 0, 5000)
    stop = threading.Event()

    def write() -> None:
        count = 0
        while not stop.is_set():
            count += 1
            save(path, count, 5000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [number(path) for _ in range(100)]
    finally:
        stop.set()
        writer.join()
    assert found == sorted(found)


def test_two_writers_at_once(path):
    """Neither takes the other's temporary file for a leftover."""
    failed = []

    def write(value: int) -> None:
        try:
            for _ in range(40):
                save(path, value)
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(value,)) for value in (1, 2, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failed == []
    assert number(path) in (1, 2, 3)
    assert names(path.parent) == [path.name]


def leftover(path: Path, middle: str = "0123456789ab") -> Path:
    part = path.with_name(f".{path.name}.{middle}.tmp")
    part.write_text("a part")
    return part


def test_leftovers_of_a_killed_run(path):
    gone = [leftover(path), leftover(path, "ffffffffffff")]
    kept = [
        leftover(path, "0123456789a"),
        leftover(path, "backup-by-me"),
        leftover(path.with_name("other")),
    ]
    save(path)
    assert not any(part.exists() for part in gone)
    assert all(part.exists() for part in kept)


def test_a_temporary_file_that_someone_writes_stays(path):
    part = leftover(path)
    with part.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        save(path)
        assert part.exists()
    save(path)
    assert not part.exists()


def test_a_run_that_is_killed_while_it_writes(path):
    save(path)
    script = """if True:
        import os, signal, sys
        from fastcnn.saving.safetensors_file import write_file
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        write_file(sys.argv[1], {}, {})
    """
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names(path.parent)) == 2
    assert number(path) == 1
    save(path, 2)
    assert names(path.parent) == [path.name]


def test_a_name_as_long_as_names_can_be(tmp_path):
    path = tmp_path / ("ä" * 120 + "x" * 15)
    assert len(os.fsencode(path.name)) == 255
    save(path)
    assert number(path) == 1
    assert names(tmp_path) == [path.name]


def test_links_are_followed(tmp_path):
    (tmp_path / "far").mkdir()
    target, link, second = tmp_path / "far" / "target", tmp_path / "link", tmp_path / "second"
    link.symlink_to(Path("far", "target"))
    second.symlink_to(link)
    save(second, 1)  # what it points to is not there yet
    assert number(target) == 1
    save(link, 2)
    assert link.is_symlink()
    assert second.is_symlink()
    assert number(target) == 2
    assert names(tmp_path / "far") == ["target"]
    with pytest.raises(FileExistsError, match="overwrite=True"):
        save(link, 3, overwrite=False)


def test_links_that_lead_nowhere(tmp_path):
    link, loop = tmp_path / "link", tmp_path / "loop"
    link.symlink_to(tmp_path / "missing" / "target")
    with pytest.raises(FileNotFoundError, match="is a link to .*missing.*make it first"):
        save(link)
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="loop") as caught:
        save(loop)
    assert caught.value.errno == errno.ELOOP
    assert names(tmp_path) == ["link", "loop"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_permissions(path, mask):
    before = os.umask(mask)
    try:
        save(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
        path.chmod(0o640)
        save(path, 2)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_private_files_are_never_open_to_others(path, monkeypatch):
    save(path)
    path.chmod(0o600)
    seen = []
    replace = os.replace

    def look(source, target):
        seen.append(stat.S_IMODE(os.stat(source).st_mode))
        replace(source, target)

    monkeypatch.setattr(os, "replace", look)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    save(path)
    assert seen == [0o600]


def special(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / kind
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "link":
        path.symlink_to("/dev/null")
    else:
        return Path("/dev/null")
    return path


@pytest.mark.parametrize("kind", ["FIFO", "socket", "device", "link"])
def test_only_regular_files_are_replaced(tmp_path, kind):
    path = special(tmp_path, kind)
    before = path.stat()
    with pytest.raises(ValueError, match="cannot save .*: it is a .*regular file.*another name"):
        save(path)
    assert path.stat().st_ino == before.st_ino
    assert len(names(tmp_path)) == (kind != "device")


@pytest.mark.parametrize("kind", ["FIFO", "device", "link"])
def test_only_regular_files_are_read(tmp_path, kind):
    """Without waiting for someone to write into a FIFO."""
    with pytest.raises(ValueError, match=r"cannot read .*: it is a .*expected a regular file"):
        read_file(special(tmp_path, kind))


def test_folders(tmp_path):
    with pytest.raises(IsADirectoryError, match="it is a folder; give the name of a file"):
        save(tmp_path)
    for wrong in (f"{tmp_path}/new/", ""):
        with pytest.raises((IsADirectoryError, FileNotFoundError), match="folder"):
            write_file(wrong, {}, {})
    with pytest.raises(IsADirectoryError, match="name the file in it") as caught:
        read_file(tmp_path)
    assert caught.value.filename == str(tmp_path)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_synced(path, monkeypatch):
    """The file is in its place by then."""
    sync = os.fsync

    def refuse(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not for folders")
        sync(handle)

    monkeypatch.setattr(os, "fsync", refuse)
    save(path)
    assert number(path) == 1


def test_no_descriptor_stays_open(path):
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    save(path)
    before = count()
    for _ in range(20):
        save(path)
        number(path)
        with pytest.raises(ValueError, match="cannot read"):
            read_file("/dev/null")
    path.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="cannot read"):
        read_file(path)
    assert count() == before


def test_a_temporary_file_taken_for_a_leftover_is_made_again(path, monkeypatch):
    """Another process may look between its creation and its lock."""
    lock, made = fcntl.flock, []

    def late(handle, how):
        if how == fcntl.LOCK_EX and not made:
            made.extend(names(path.parent))
            os.unlink(path.parent / made[0])
        lock(handle, how)

    monkeypatch.setattr(atomic_file.fcntl, "flock", late)
    save(path)
    assert len(made) == 1
    assert names(path.parent) == [path.name]
    assert number(path) == 1
