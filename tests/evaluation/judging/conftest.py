"""Judges without a model: one that knows, one that always takes the first, and results for them to judge."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from eval.cases import Attempt, Result, Score
from eval.judging.graders import Graded

MakeResult = Callable[..., Result]


@dataclass
class StandIn:
    """Replies by a function of the two answers, and remembers what it was shown. An exception is raised instead."""

    reply: Callable[[str, str], str | Exception]
    model: str = "stand-in/judge"
    requests: list[str] = field(default_factory=list)

    async def grade(self, system: str, request: str) -> Graded:
        self.requests.append(request)
        texts = re.findall(r"=+ answer [AB]\n(.*?)\n=+ end of answer", request, re.DOTALL)
        reply = self.reply(*texts)
        if isinstance(reply, Exception):
            raise reply
        return Graded(reply, 0.1, 100, 20)

    def close(self) -> None:
        pass


def reply(winner: str, score_a: float = 5, score_b: float = 5) -> str:
    """A reply in the form that is asked for."""
    return "Because.\n" + json.dumps({"score_a": score_a, "score_b": score_b, "winner": winner})


def knows(answer_a: str, answer_b: str) -> str:
    """The judge that is always right: answers say themselves whether they pass."""
    passes = ["right" in answer for answer in (answer_a, answer_b)]
    winner = "tie" if passes[0] == passes[1] else "A" if passes[0] else "B"
    return reply(winner, *(9 if each else 2 for each in passes))


@pytest.fixture
def make_judge() -> Callable[..., StandIn]:
    """Makes a judge of a function."""
    return StandIn


@pytest.fixture
def right_judge() -> StandIn:
    """Always right."""
    return StandIn(knows)


@pytest.fixture
def first_judge() -> StandIn:
    """Always says A."""
    return StandIn(lambda a, b: reply("A", 7, 3))


@pytest.fixture
def make_result() -> MakeResult:
    """Makes a result whose answer says whether it passes."""

    def make(arm: str, case_id: str, correct: bool, **fields: Any) -> Result:
        score = Score("correct" if correct else "wrong", "")
        text = fields.pop("text", f"{'right' if correct else 'bad'} answer to {case_id}")
        user = f"Solve {case_id}." + (" PASSAGES" if arm == "retrieval" else "")
        messages = [{"role": "system", "content": "code"}, {"role": "user", "content": user}]
        attempt = Attempt(messages, text, score, "stop", 10, 5, 1.0, 0.5, 0.1)
        plain: dict[str, Any] = {"repo": "garden", "task": "completion", "model": "m", "kind": "", "path": "a.py"}
        plain |= {"language": "", "passages": [], "found_sources": None, "context_tokens": 0, "retrieval_ms": 0.0}
        return Result(arm=arm, case_id=case_id, score=score, attempts=[attempt], **(plain | fields))

    return make


@pytest.fixture
def results(make_result: MakeResult) -> list[Result]:
    """24 cases: 12 gained, 4 lost, 4 right and 4 wrong under both arms."""
    made = []
    for n in range(24):
        none, retrieval = n in range(12, 20), n < 12 or n in range(16, 20)
        made += [make_result("none", f"c{n}", none), make_result("retrieval", f"c{n}", retrieval)]
    return made


REPLY = 'A is right.\n{"score_a": 9, "score_b": 2, "winner": "A"}'


class Server(ThreadingHTTPServer):
    """Speaks OpenAI's protocol; ``bodies`` are the questions that it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[Any] = []


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"object": "list", "data": [{"id": "judge", "object": "model"}]}))

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
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
def server() -> Iterator[Server]:
    """A server that knows one model, ``judge``, which always says A."""
    listening = Server()
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield listening
    listening.shutdown()
    listening.server_close()
