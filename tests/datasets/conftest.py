"""A server on this machine that misbehaves as told, and folders that no test shares."""

import http.server
import threading
from dataclasses import dataclass, field

import pytest


@dataclass
class Server:
    """Serves ``content`` under any path and remembers the ``Range`` of each request."""

    content: bytes
    url: str = ""
    ranges: list[str | None] = field(default_factory=list)
    cut_after: int | None = None  # bytes of body after which every answer breaks off
    supports_ranges: bool = True
    status: int | None = None  # answer everything with this error


@pytest.fixture
def server():
    state = Server(bytes(range(256)) * 4096)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            state.ranges.append(wanted)
            if state.status is not None:
                self.send_error(state.status)
                return
            start = 0
            if wanted and state.supports_ranges:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                self.send_response(206)
                end = len(state.content)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            else:
                self.send_response(200)
            body = state.content[start:]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: state.cut_after])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.handle_error = lambda *_: None  # a client that hangs up is part of the test
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{listener.server_port}/files/data.bin"
        yield state
        listener.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    """No test reads or writes the caches and data of the person who runs it."""
    monkeypatch.delenv("FASTCNN_DATA_DIR", raising=False)
    monkeypatch.setenv("FASTCNN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
