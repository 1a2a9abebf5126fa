"""The models that judge: a server that speaks OpenAI's protocol, hosted ones by their LangChain class."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from pydantic import SecretStr

from assistant.settings import AssistantSettings
from eval.errors import EvaluationError
from eval.judging.graders import Grader, HostedGrader, open_grader
from indexer.errors import QuarryError

REPLY = 'A is right.\n{"score_a": 9, "score_b": 2, "winner": "A"}'


class _Server(BaseHTTPRequestHandler):
    bodies: list[Any] = []

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"object": "list", "data": [{"id": "judge", "object": "model"}]}))

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        base = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "judge"}
        pieces = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": REPLY}, "finish_reason": None}]}]
        pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        pieces.append({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}})
        lines = [f"data: {json.dumps(base | piece)}\n\n" for piece in pieces]
        self._send("text/event-stream", "".join([*lines, "data: [DONE]\n\n"]))

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server that knows one model, ``judge``."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    _Server.bodies.clear()
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield listening
    listening.shutdown()
    listening.server_close()


def open_judge(server: ThreadingHTTPServer, home: Path) -> Grader:
    """The judge that the server has."""
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    return open_grader(AssistantSettings(home=home, openai_url=url, openai_api_key=SecretStr("k")), "openai/judge")


def test_a_server_of_openais_protocol_judges(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    """``--by openai/NAME`` is all it takes: greedy, with the rubric, and the tokens are counted."""
    grader = open_judge(server, tmp_path)
    assert grader.model == "openai/judge"
    graded = asyncio.run(grader.grade("Be fair.", "Judge."))
    grader.close()
    assert (graded.text, graded.prompt_tokens, graded.completion_tokens) == (REPLY, 7, 3)
    (body,) = _Server.bodies
    assert (body["model"], body["temperature"]) == ("judge", 0)
    assert [message["content"] for message in body["messages"]] == ["Be fair.", "Judge."]


def test_a_server_that_goes_away_is_one_line(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    """The line names the model, whatever the client's own error is."""
    grader = open_judge(server, tmp_path)
    server.shutdown()
    server.server_close()
    with pytest.raises(QuarryError, match="openai/judge"):
        asyncio.run(grader.grade("Be fair.", "Judge."))


def test_a_hosted_model_judges_by_its_langchain_class() -> None:
    """Any chat model of LangChain will do."""
    graded = asyncio.run(HostedGrader("anthropic/some", FakeListChatModel(responses=[REPLY])).grade("s", "r"))
    assert graded.text == REPLY


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    """With the command that installs it, and the way without it."""
    pytest.importorskip("langchain")
    with pytest.raises(EvaluationError, match=r"pip install langchain-anthropic.*QUARRY_OPENAI_URL"):
        open_grader(AssistantSettings(home=tmp_path), "anthropic/some-model")


def test_an_unknown_provider_lists_the_known_ones(tmp_path: Path) -> None:
    """A misspelled provider is no model to look for."""
    with pytest.raises(EvaluationError, match="embedded, ollama, openai, anthropic"):
        open_grader(AssistantSettings(home=tmp_path), "antropic/some-model")
