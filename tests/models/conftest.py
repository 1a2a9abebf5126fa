"""What the tests of models share: a home with the real 0.5B model, one engine, and a small real HTTP server."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assistant.models.catalogue import CatalogueModel, find_model
from assistant.models.download import pull_model
from assistant.settings import AssistantSettings

SMALL = "qwen2.5-coder-0.5b"


@pytest.fixture(scope="session")
def model_home() -> Path:
    """A home that holds the 0.5B model, fetched by the real code once and kept between runs."""
    cache = Path(__file__).resolve().parents[2] / ".cache"
    home = Path(os.environ.get("QUARRY_TEST_HOME") or cache / "test-home")
    home.mkdir(parents=True, exist_ok=True)
    if home.is_relative_to(cache):
        (cache / ".gitignore").write_text("*\n")
    pull_model(home, find_model(SMALL))
    return home


@pytest.fixture(scope="session")
def embedded(model_home: Path) -> Iterator[Any]:
    """The real 0.5B in its engine, one for the whole session; one thread, for machines that do other work."""
    from assistant.models.providers import open_provider

    settings = AssistantSettings(home=model_home, engine_threads=1, window_tokens=2048)
    provider = open_provider(settings, f"embedded/{SMALL}")
    yield provider
    provider.close()


@pytest.fixture
def make_model() -> Callable[..., CatalogueModel]:
    """Make a catalogue entry for some bytes of our own."""

    def make(content: bytes, n_parts: int = 3, **changes: Any) -> CatalogueModel:
        fields: dict[str, Any] = {
            "name": "tiny",
            "file_name": "tiny.gguf",
            "n_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "licence": "none",
            "huggingface_repo": "some/tiny",
            "parts": tuple(f"tiny-part{number}==1.0" for number in range(1, n_parts + 1)),
            "kv_bytes_per_token": 1,
        }
        return CatalogueModel(**(fields | changes))

    return make


class Server:
    """An HTTP server on a real socket. ``answer(handler)`` writes the response; requests are kept."""

    def __init__(self, answer: Callable[[Any], None]) -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.body = json.loads(raw) if raw else None
                outer.requests.append((self.path, dict(self.headers), self.body))
                answer(self)

            do_GET = do_POST = handle_any

            def send_json(self, value: object, status: int = 200) -> None:
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def send_chunks(self, kind: str, pieces: list[bytes], *, whole: bool = True) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                if whole:
                    self.wfile.write(b"0\r\n\r\n")
                self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def bodies(self, path: str) -> list[Any]:
        """The bodies of the requests for this path."""
        return [body for asked, _, body in self.requests if asked == path]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Any], None]], Server]]:
    """Start HTTP servers that end with the test."""
    servers: list[Server] = []

    def start(answer: Callable[[Any], None]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def gguf_metadata(model_home: Path) -> dict[str, Any]:
    """The tokeniser's metadata of the real GGUF, as Ollama shows it with ``verbose``."""
    from assistant.models.download import model_path
    from assistant.models.gguf import read_metadata

    return read_metadata(model_path(model_home, find_model(SMALL)))
