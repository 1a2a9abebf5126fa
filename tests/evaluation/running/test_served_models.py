"""Models that others serve, hosted or larger than this machine's: `--model` is all it takes. Over the real clients."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from assistant.models.providers import open_provider
from eval.errors import RunStopped
from eval.running.identity import identify_model
from eval.running.logs import read_run

TAG = "qwen2.5-coder:32b"


class Served:
    """An Ollama and an OpenAI-style server at one address, as far as a run asks them. Every answer is 10."""

    def __init__(self) -> None:
        self.chats: list[Any] = []
        self.is_gone = False
        self.about: dict[str, Any] = {}
        self.created: Iterator[int] | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                details = {"format": "gguf", "family": "qwen2", "parameter_size": "32.8B"}
                entry = {"name": TAG, "model": TAG, "size": 4, "digest": "d1g", "details": details}
                model = {"id": "big-coder", "object": "model", "max_model_len": 8192, **outer.about}
                if outer.created is not None:
                    model["created"] = next(outer.created)
                models = {"object": "list", "data": [model]}
                self.send_body(models if self.path == "/v1/models" else {"models": [entry]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/api/show":
                    info = {"general.architecture": "qwen2", "qwen2.context_length": 32768}
                    self.send_body({"details": {"family": "qwen2"}, "model_info": info})
                elif "chat" not in self.path or outer.is_gone:
                    self.send_body({"error": "not here"}, 404 if not outer.is_gone else 500)
                else:
                    outer.chats.append(body)
                    self.send_body(_say_ollama() if self.path == "/api/chat" else _say_openai())

            def send_body(self, body: Any, status: int = 200) -> None:
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if data[:1] == b"{" else "text/event-stream")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _say_openai() -> bytes:
    common = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "big-coder"}
    first = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "10"}, "finish_reason": None}]}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 1, "total_tokens": 51}}
    events = [b"data: " + json.dumps(common | chunk).encode() + b"\n\n" for chunk in (first, last, usage)]
    return b"".join([*events, b"data: [DONE]\n\n"])


def _say_ollama() -> bytes:
    common = {"model": TAG, "created_at": "2026-01-01T00:00:00Z"}
    said = {"message": {"role": "assistant", "content": "10"}, "done": False}
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    lines = [said, end | {"prompt_eval_count": 50, "eval_count": 1}]
    return b"".join(json.dumps(common | line).encode() + b"\n" for line in lines)


@pytest.fixture
def served(bench: Any) -> Iterator[Served]:
    """The server, with the bench's settings led to it."""
    server = Served()
    urls = {"openai_url": f"{server.url}/v1", "ollama_url": server.url}
    bench.settings = bench.settings.model_copy(update=urls)
    yield server
    server.close()


@pytest.mark.parametrize("model", ["openai/big-coder", f"ollama/{TAG}"])
def test_a_served_model_answers_by_its_name(bench: Any, served: Served, model: str) -> None:
    """A run asks it, keeps its answers, and the second run asks nothing."""
    for _ in range(2):
        provider = open_provider(bench.settings, model, reuse_prompts=False)
        bench.run(provider, context_tokens=100)
        provider.close()
    setup, results = read_run(bench.out)
    assert setup.model == model
    assert len(served.chats) == 6
    assert [r.score.verdict for r in results] == ["correct"] * 2 + ["wrong"] * 4
    assert all(attempt.completion_tokens == 1 for r in results for attempt in r.attempts)


def test_a_cap_is_in_tokens_where_only_bytes_are_counted(bench: Any, served: Served) -> None:
    """Without the server's tokeniser the cap is as many bytes as so many tokens have, not as many bytes as tokens."""
    provider = open_provider(bench.settings, "openai/big-coder", reuse_prompts=False)
    bench.run(provider, "retrieval", context_tokens=100)
    results = read_run(bench.out)[1]
    shown = [message["content"] for chat in served.chats for message in chat["messages"] if message["role"] == "user"]
    assert max(len(text.split("Task: ")[0]) for text in shown) > 150
    assert all(r.context_tokens <= 100 for r in results)


def test_what_a_server_runs_is_part_of_the_model(bench: Any, served: Served) -> None:
    """The digest of an Ollama's model, and a server's address, tell one model from another of the same name."""
    ollama = open_provider(bench.settings, f"ollama/{TAG}")
    openai = open_provider(bench.settings, "openai/big-coder")
    assert identify_model(ollama, bench.settings)["digest"] == "d1g"
    assert identify_model(openai, bench.settings)["server"] == f"{served.url}/v1"


def test_what_a_server_says_of_its_model_is_part_of_it(
    bench: Any, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file under the same name at the same address is another model; a time of asking is none of it."""
    monkeypatch.setattr("eval.running.identity._CLOCK_SECONDS", 0)
    openai = open_provider(bench.settings, "openai/big-coder")
    assert identify_model(openai, bench.settings)["listed"] == {"id": "big-coder"}
    served.about = {"owned_by": "us", "meta": {"size": 7}, "created": 5, "object": "model", "root": "/models/big"}
    said = identify_model(openai, bench.settings)["listed"]
    assert said == {"id": "big-coder", "owned_by": "us", "meta": {"size": 7}, "created": 5}
    served.created = itertools.count(100)
    assert identify_model(openai, bench.settings)["listed"] == {k: v for k, v in said.items() if k != "created"}


def test_a_server_that_fails_stops_the_run(bench: Any, served: Served) -> None:
    """Its own words are in the line, and what to do."""
    served.is_gone = True
    provider = open_provider(bench.settings, "openai/big-coder", reuse_prompts=False)
    with pytest.raises(RunStopped, match=r"3 cases in a row.*\(500\).*same command"):
        bench.run(provider)
