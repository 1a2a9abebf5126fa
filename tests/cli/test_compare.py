"""``quarry ask --compare`` as a user runs it, against a small real OpenAI-compatible server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

FILES = {"cart.py": "def add_to_cart(cart, item, quantity=3):\n    cart.append((item, quantity))\n"}
QUESTION = "What is the default quantity of add_to_cart?"


class Handler(BaseHTTPRequestHandler):
    """Says whether it was given code, as a stream of two pieces."""

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"object": "list", "data": [{"id": "words", "object": "model"}]}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        words = ("With", " code.") if "quantity=3" in body else ("Without", " code.")
        deltas: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
        deltas.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        deltas.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}})
        frame = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "words"}
        text = "".join(f"data: {json.dumps(frame | delta)}\n\n" for delta in deltas)
        self._send("text/event-stream", f"{text}data: [DONE]\n\n")

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def model() -> Iterator[dict[str, str]]:
    """The environment that makes the command ask this server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"QUARRY_MODEL": "openai/words", "QUARRY_OPENAI_URL": f"http://127.0.0.1:{server.server_address[1]}/v1"}
    server.shutdown()


@pytest.fixture
def indexed(make_repo: Callable[..., Any], home: Path, build: Callable[..., Any]) -> Path:
    """A home in which the repository ``shop`` is indexed."""
    build(home, make_repo(FILES).path, "shop")
    return home


def test_both_answers_are_printed_with_their_figures(
    indexed: Path, model: dict[str, str], run_quarry: Callable[..., Any]
) -> None:
    """Each answer stands under its name, and a line for each says tokens, seconds and names that were not found."""
    done = run_quarry(indexed, "ask", "shop", QUESTION, "--compare", **model)
    assert done.returncode == 0, done.stderr
    without, with_code = done.stdout.split("with retrieval\n", 1)
    assert without.startswith("without retrieval\nWithout code.")
    assert with_code.startswith("With code.")
    assert "cart.py:1-2" in with_code and "cart.py" not in without
    figures = done.stdout.strip().split("\n")[-2:]
    assert [line.split()[0] for line in figures] == ["without", "with"]
    assert all("9 + 2 tokens" in line and "names not found: none" in line for line in figures)


def test_both_answers_as_json(indexed: Path, model: dict[str, str], run_quarry: Callable[..., Any]) -> None:
    """With --json both answers are one object, each with all of its fields."""
    done = run_quarry(indexed, "ask", "shop", QUESTION, "--compare", "--json", **model)
    both = json.loads(done.stdout)
    assert both["with"]["answer"].startswith("With code.")
    assert both["without"]["answer"] == "Without code."
    assert set(both["with"]) == set(both["without"])


def test_comparison_without_retrieval_is_refused(indexed: Path, run_quarry: Callable[..., Any]) -> None:
    """--compare and --no-retrieval contradict each other, and the command says so."""
    done = run_quarry(indexed, "ask", "shop", QUESTION, "--compare", "--no-retrieval")
    assert done.returncode == 2
    assert "--no-retrieval" in done.stderr
