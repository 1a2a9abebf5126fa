"""How `quarry serve` ends, with real signals to a real process; and answers whose model or repository goes away."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from indexer.build import build_index
from indexer.repository import open_source
from indexer.settings import IndexerSettings

ASK = {"repo": "shop", "messages": [{"role": "user", "content": "What is the default quantity in add_to_cart?"}]}


class Model(ThreadingHTTPServer):
    """A stand-in for a model's server that speaks as OpenAI's and as Ollama do: a word each ``pause_seconds``."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, n_words: int, pause_seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.n_words, self.pause_seconds = n_words, pause_seconds
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def keep(self, connection: socket.socket) -> None:
        """Remember a connection that an answer is written to."""
        self._sockets.append(connection)

    def die(self) -> None:
        """End as a killed process does: listening and all connections are gone."""
        self.shutdown()
        self.server_close()
        for connection in self._sockets:
            connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Model

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self._send({"object": "list", "data": [{"id": "words", "object": "model", "max_model_len": 4096}]})
        elif self.path == "/api/tags":
            self._send({"models": [{"name": "words", "model": "words", "size": 1}]})
        else:
            self._send({}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/chat/completions":
            self._stream("text/event-stream", self._openai())
        elif self.path == "/api/chat":
            self._stream("application/x-ndjson", self._ollama())
        elif self.path == "/api/show":
            self._send({"model_info": {"words.context_length": 4096}, "capabilities": ["completion"]})
        else:
            self._send({"body": len(body)}, 404)

    def _openai(self) -> Iterator[str]:
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "words"}
        for _ in range(self.server.n_words):
            delta = {"index": 0, "delta": {"role": "assistant", "content": "word "}, "finish_reason": None}
            yield f"data: {json.dumps({**head, 'choices': [delta]})}\n\n"
        yield f"data: {json.dumps({**head, 'choices': [{'index': 0, 'delta': {}, 'finish_reason': 'stop'}]})}\n\n"
        yield "data: [DONE]\n\n"

    def _ollama(self) -> Iterator[str]:
        head = {"model": "words", "created_at": "2026-01-01T00:00:00Z"}
        for _ in range(self.server.n_words):
            yield json.dumps({**head, "message": {"role": "assistant", "content": "word "}, "done": False}) + "\n"
        last = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
        yield json.dumps({**head, **last, "prompt_eval_count": 5, "eval_count": self.server.n_words}) + "\n"

    def _stream(self, kind: str, pieces: Iterator[str]) -> None:
        self.server.keep(self.connection)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for piece in pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece.encode()))
                time.sleep(self.server.pause_seconds)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # the client has gone, or this server has died
            self.close_connection = True

    def _send(self, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class Stream:
    """One streamed answer, read on a thread; its events in order."""

    def __init__(self, url: str, **changes: Any) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._url, self._body = url, {**ASK, "stream": True, **changes}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        # A service that was killed ends a stream without a last event, which `join` would find.
        with (
            contextlib.suppress(httpx.TransportError),
            httpx.stream("POST", f"{self._url}/chat", json=self._body, timeout=60) as response,
        ):
            for line in response.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.events.append((name, json.loads(line.removeprefix("data: "))))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def wait_for(self, name: str) -> None:
        """Return when there is such an event; fail after 20 s."""
        for _ in range(1000):
            if name in self.names:
                return
            time.sleep(0.02)
        raise AssertionError(f"no event {name}: {self.names}")

    def join(self) -> None:
        """Return when the stream has ended, properly; fail after 20 s."""
        self._thread.join(20)
        assert not self._thread.is_alive() and self.names[-1] in ("done", "error"), self.names


class Service:
    """`quarry serve` in a process of its own."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from indexer.main import main; main()", "serve", "--port", "0"],
            env=os.environ | {"QUARRY_HOME": str(home), "QUARRY_MODEL_SLOTS": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = ""

    def read_address(self) -> None:
        """Wait until it says where it listens."""
        assert self.process.stdout is not None
        [self.url] = re.findall(r"http://127\.0\.0\.1:\d+(?= )", self.process.stdout.readline())

    def ready(self) -> int:
        """The status of readiness."""
        return httpx.get(f"{self.url}/health/ready", timeout=60).status_code


@contextmanager
def running(home: Path, model: Model, **environment: str) -> Iterator[Service]:
    """The service with the stand-in behind it, ready; ended with the block."""
    service = Service(home, QUARRY_MODEL="openai", QUARRY_OPENAI_URL=f"{model.url}/v1", **environment)
    try:
        service.read_address()
        assert service.ready() == 200
        yield service
    finally:
        service.process.kill()
        service.process.wait()


@pytest.fixture
def model() -> Iterator[Callable[..., Model]]:
    """Starts stand-ins, which end with the test."""
    started: list[Model] = []

    def start(n_words: int = 60, pause_seconds: float = 0.05) -> Model:
        started.append(Model(n_words, pause_seconds))
        return started[-1]

    yield start
    for each in started:
        each.shutdown()
        each.server_close()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_finishes_answers_and_takes_no_more(
    home: Path, model: Callable[..., Model], sent: signal.Signals
) -> None:
    """What runs is answered to its end, who waits and who comes gets 503 with Retry-After, and then it is over."""
    with running(home, model()) as service:
        answered = Stream(service.url)
        answered.wait_for("token")
        waiting = Stream(service.url)
        waiting.wait_for("queued")
        service.process.send_signal(sent)
        waiting.join()
        assert waiting.events[-1][1]["status"] == 503
        refused = httpx.post(f"{service.url}/chat", json=ASK)
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) >= 1
        assert service.ready() == 503
        assert "done" not in answered.names, "the test is too slow to say anything"
        answered.join()
        assert answered.names[-1] == "done" and answered.events[-1][1]["answer"].count("word") == 60
        service.process.wait(15)


def test_answers_have_so_long_and_no_longer(home: Path, model: Callable[..., Model]) -> None:
    """What does not end in time ends with an error event, and the process with it."""
    with running(home, model(n_words=2000), QUARRY_SHUTDOWN_SECONDS="1") as service:
        answered = Stream(service.url)
        answered.wait_for("token")
        service.process.send_signal(signal.SIGTERM)
        answered.join()
        name, problem = answered.events[-1]
        assert name == "error" and problem["status"] == 503 and "stopping" in problem["detail"]
        service.process.wait(15)


def test_the_second_signal_ends_it_at_once(home: Path, model: Callable[..., Model]) -> None:
    """Who asks twice does not wait for answers."""
    with running(home, model(n_words=2000)) as service:
        answered = Stream(service.url)
        answered.wait_for("token")
        service.process.send_signal(signal.SIGTERM)
        assert service.ready() == 503
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(5) == -signal.SIGTERM


def test_an_idle_service_ends_quietly(home: Path, model: Callable[..., Model]) -> None:
    """With nothing to finish the first signal is enough, and nothing is waited for."""
    with running(home, model(), QUARRY_SHUTDOWN_SECONDS="600") as service:
        httpx.get(f"{service.url}/repos")
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(15) == -signal.SIGTERM


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_a_model_server_that_stops_in_mid_answer(
    served: Callable[..., str], model: Callable[..., Model], provider: str
) -> None:
    """The stream ends with a problem that says what to do, and so does the next question."""
    server = model(n_words=2000)
    settings = {"openai_url": f"{server.url}/v1", "ollama_url": server.url}
    url = served(None, model="openai" if provider == "openai" else "ollama/words", **settings)
    answered = Stream(url)
    answered.wait_for("token")
    server.die()
    answered.join()
    name, problem = answered.events[-1]
    assert name == "error" and problem["status"] == 503 and problem["detail"].count("\n") == 0
    assert f"{provider}/words" in problem["detail"] or "ask again" in problem["detail"]
    again = httpx.post(f"{url}/chat", json=ASK, timeout=60)
    assert again.status_code == 503, again.text


def test_a_repository_that_is_removed_in_mid_answer(served: Callable[..., str], stand_in: Any, tmp_path: Path) -> None:
    """The answer that has its passages goes on to its end; the next question gets 404."""
    home = tmp_path / "home"
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "cart.py").write_text("def add_to_cart(cart, item, quantity=3):\n    return cart\n")
    build_index(open_source(str(tmp_path / "shop"), clones=home / "clones"), "shop", IndexerSettings(home=home))
    url = served(stand_in(words=["word "] * 40, pause_seconds=0.05), home=home)
    answered = Stream(url)
    answered.wait_for("token")
    assert httpx.delete(f"{url}/repos/shop").status_code == 204
    answered.join()
    assert answered.names[-1] == "done"
    assert answered.events[-1][1]["sources"][0]["path"] == "cart.py"
    assert httpx.post(f"{url}/chat", json=ASK).status_code == 404
