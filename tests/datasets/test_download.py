"""fetch(): what arrives is checked, what is cut off is taken up again."""

import hashlib
import multiprocessing
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fastcnn.datasets import _download
from fastcnn.datasets._download import RemoteFile, cache_folder, exclusive, fetch


@pytest.fixture
def remote(server):
    content = server.content
    return RemoteFile(server.url, len(content), hashlib.sha256(content).hexdigest())


def test_downloads_once_and_whole(server, remote, tmp_path):
    fetch(remote, tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == server.content
    assert server.ranges == [None]
    assert [p.name for p in tmp_path.iterdir()] == ["data.bin"]


def test_goes_on_after_an_earlier_attempt(server, remote, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(server.content[:1000])
    fetch(remote, tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == server.content
    assert server.ranges == ["bytes=1000-"]


def test_a_complete_part_needs_no_server(remote, server, tmp_path):
    server.status = 500
    (tmp_path / "data.bin.part").write_bytes(server.content)
    fetch(remote, tmp_path / "data.bin")
    assert server.ranges == []


def test_starts_over_where_the_server_cannot_resume(server, remote, tmp_path):
    server.supports_ranges = False
    (tmp_path / "data.bin.part").write_bytes(b"x" * 1000)
    fetch(remote, tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == server.content


def test_takes_up_a_connection_that_breaks(server, remote, tmp_path):
    server.cut_after = len(server.content) // 3
    fetch(remote, tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == server.content
    assert len(server.ranges) == 4


def test_keeps_what_came_when_nothing_more_comes(server, remote, tmp_path):
    server.cut_after = 1000
    server.supports_ranges = False
    with pytest.raises(ConnectionError, match=r"too early; 1,000 of 1,048,576 bytes are here"):
        fetch(remote, tmp_path / "data.bin")
    assert (tmp_path / "data.bin.part").read_bytes() == server.content[:1000]
    assert not (tmp_path / "data.bin").exists()


def test_an_http_error_is_not_tried_again(server, remote, tmp_path):
    server.status = 404
    with pytest.raises(ConnectionError, match="404.*put the file at .*data.bin yourself"):
        fetch(remote, tmp_path / "data.bin")
    assert len(server.ranges) == 1


def test_no_network(remote, tmp_path):
    nowhere = replace(remote, url="http://127.0.0.1:9/data.bin")
    with pytest.raises(ConnectionError, match="could not download .*0 of 1,048,576 bytes"):
        fetch(nowhere, tmp_path / "data.bin")


def test_wrong_content_is_removed_and_not_kept(server, remote, tmp_path):
    wrong = replace(remote, sha256="0" * 64)
    with pytest.raises(ValueError, match="wrong content: its SHA-256 is .*, expected 0000"):
        fetch(wrong, tmp_path / "data.bin")
    assert list(tmp_path.iterdir()) == []


def test_a_longer_file_than_expected_is_never_written(server, remote, tmp_path):
    shorter = replace(remote, size=1000)
    with pytest.raises(ValueError, match="wrong content"):
        fetch(shorter, tmp_path / "data.bin")


def test_a_silent_server_does_not_hang(server, remote, tmp_path, monkeypatch):
    monkeypatch.setattr(_download, "_TIMEOUT_SECONDS", 0.2)
    answer = threading.Event()
    server.content = _Waits(server.content, answer)
    try:
        with pytest.raises(ConnectionError, match="timed out"):
            fetch(remote, tmp_path / "data.bin")
    finally:
        answer.set()


class _Waits(bytes):
    """Content that cannot be sliced, so cannot be sent, before the event."""

    def __new__(cls, content, event):
        made = super().__new__(cls, content)
        made.event = event
        return made

    def __getitem__(self, index):
        self.event.wait(10)
        return super().__getitem__(index)


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTCNN_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("FASTCNN_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "fastcnn"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "fastcnn"


def _hold(lock, log):
    with exclusive(lock):
        with log.open("a") as file:
            file.write("in ")
        time.sleep(0.05)
        with log.open("a") as file:
            file.write("out ")


def test_one_process_at_a_time(tmp_path):
    context = multiprocessing.get_context("spawn")
    arguments = (tmp_path / "lock", tmp_path / "log")
    others = [context.Process(target=_hold, args=arguments) for _ in range(3)]
    for process in others:
        process.start()
    for process in others:
        process.join()
    assert (tmp_path / "log").read_text() == "in out in out in out "
