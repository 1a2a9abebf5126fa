"""The log: one line a request with what it took, and nothing of what was asked, answered or read."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.logs import configure_logging
from api.settings import ApiSettings

MARKER = "zanzibar"  # in questions, answers, searches, paths and errors: must never be seen
ASK = {"repo": "shop", "messages": [{"role": "user", "content": f"What is the default quantity in {MARKER}?"}]}


@pytest.fixture
def log() -> Iterator[Callable[..., list[str]]]:
    """Logs as `quarry serve` does, with these settings; ``log(n)`` waits for ``n`` requests and gives all lines."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("quarry").level
    written = io.StringIO()

    def read(n_requests: int = 0, **settings: Any) -> list[str]:
        if settings:
            configure_logging(ApiSettings(**settings))
            [handler] = root.handlers
            assert isinstance(handler, logging.StreamHandler)
            handler.setStream(written)
        for _ in range(200):  # the line is written after the answer is sent
            if written.getvalue().count("quarry.access") >= n_requests:
                return written.getvalue().splitlines()
            time.sleep(0.05)
        raise AssertionError(f"{n_requests} requests are not in the log:\n{written.getvalue()}")

    yield read
    root.handlers[:], root.level = before[0], before[1]
    logging.getLogger("quarry").setLevel(before[2])


def ask_in_all_ways(url: str) -> None:
    """Everything that could carry the marker into a log, and fails in several ways."""
    httpx.post(f"{url}/chat", json=ASK)
    httpx.post(f"{url}/chat", json={**ASK, "stream": True})
    httpx.post(f"{url}/chat", json={**ASK, "repo": MARKER})
    httpx.post(f"{url}/chat", json={**ASK, "unknown": MARKER})
    httpx.post(f"{url}/chat", content=f'{{"repo": "{MARKER}"', headers={"Content-Type": "application/json"})
    httpx.get(f"{url}/search", params={"repo": "shop", "q": f"add_to_cart {MARKER}"})
    httpx.get(f"{url}/symbols", params={"repo": "shop", "symbol": MARKER})
    httpx.get(f"{url}/{MARKER}", headers={"X-Request-ID": f"{MARKER} is no id", "Authorization": f"Bearer {MARKER}"})


def requests_in(lines: list[str]) -> list[dict[str, Any]]:
    """The lines of requests, parsed."""
    return [entry for entry in map(json.loads, lines) if entry["logger"] == "quarry.access"]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_nothing_of_questions_and_code_is_logged(
    served: Callable[..., str], stand_in: Any, log: Callable[..., list[str]], log_format: str, home: Path
) -> None:
    """At the most talkative level neither question, answer, search, path nor code reaches the log."""
    log(log_level="debug", log_format=log_format)
    ask_in_all_ways(served(stand_in(words=["the ", f"{MARKER} ", "quantity=3"])))
    text = "\n".join(log(8))
    assert text.count("quarry.access") == 8
    assert MARKER not in text and "quantity" not in text


def test_an_unexpected_error_is_traced_without_its_message(
    served: Callable[..., str], stand_in: Any, log: Callable[..., list[str]]
) -> None:
    """A fault of our own is one 500 problem, and in the log a traceback with places and kinds but no words."""

    class Faulty(stand_in):  # type: ignore[misc]
        def count_prompt(self, messages: Any) -> Any:
            raise KeyError(f"{MARKER} in a message")

    log(log_level="debug")
    response = httpx.post(f"{served(Faulty())}/chat", json=ASK)
    assert response.status_code == 500 and MARKER not in response.text
    text = "\n".join(log(1))
    assert "count_prompt" in text and "KeyError" in text and MARKER not in text
    [entry] = requests_in(log(1))
    assert (entry["status"], entry["error"]) == (500, "KeyError")
    assert entry["request_id"] == response.headers["x-request-id"]


def test_an_unexpected_error_of_any_route_is_in_its_line(
    running_app: Callable[[FastAPI], AbstractContextManager[str]],
    stand_in: Any,
    log: Callable[..., list[str]],
    home: Path,
) -> None:
    """Also where no model is asked, the line of a request that failed has its route, its status and the kind."""
    app = create_app(ApiSettings(home=home), stand_in())

    @app.get("/fails/{name}")
    def fail(name: str) -> None:
        raise KeyError(name)

    log(log_level="info")
    with running_app(app) as url:
        response = httpx.get(f"{url}/fails/{MARKER}")
    [entry] = requests_in(log(1))
    assert (entry["route"], entry["status"], entry["error"]) == ("/fails/{name}", 500, "KeyError")
    assert entry["request_id"] == response.headers["x-request-id"]
    assert "in fail" in "\n".join(log(1)) and MARKER not in "\n".join(log(1))


def test_content_is_logged_where_that_is_asked_for(
    served: Callable[..., str], stand_in: Any, log: Callable[..., list[str]]
) -> None:
    """With the setting the question and the answer stand in the line of the request."""
    log(log_content=True)
    httpx.post(f"{served(stand_in(words=['three']), log_content=True)}/chat", json=ASK)
    [entry] = requests_in(log(1))
    assert MARKER in entry["question"] and entry["answer"] == "three"


def test_a_line_says_what_a_request_took(
    served: Callable[..., str], stand_in: Any, log: Callable[..., list[str]]
) -> None:
    """A stream's line has its route, status, times and tokens; it is written when the stream ends."""
    log(log_level="info")
    httpx.post(f"{served(stand_in(pause_seconds=0.01))}/chat", json={**ASK, "stream": True})
    [entry] = requests_in(log(1))
    assert (entry["method"], entry["route"], entry["status"], entry["outcome"]) == ("POST", "/chat", 200, "stop")
    assert entry["ms"] >= entry["first_token_ms"] > 0
    assert entry["retrieval_ms"] > 0 and entry["queue_ms"] >= 0
    assert (entry["prompt_tokens"], entry["completion_tokens"]) == (7, 2)
    assert {"time", "level"} <= set(entry)


def test_a_failed_stream_is_told_from_a_whole_one(
    served: Callable[..., str], stand_in: Any, log: Callable[..., list[str]]
) -> None:
    """A model that fails in mid-answer leaves the kind of its error, though the status was sent before."""
    log(log_level="info")
    httpx.post(f"{served(stand_in(fails_after=1))}/chat", json={**ASK, "stream": True})
    [entry] = requests_in(log(1))
    assert (entry["status"], entry["outcome"], entry["error"]) == (200, "error", "ModelUnavailable")


def test_request_ids_are_kept_or_made(served: Callable[..., str], stand_in: Any, log: Callable[..., list[str]]) -> None:
    """A well-formed id of the client comes back and is logged; any other is replaced."""
    log(log_level="info")
    url = served(stand_in())
    given = httpx.get(f"{url}/repos", headers={"X-Request-ID": "abc-1.2_3"})
    assert given.headers["x-request-id"] == "abc-1.2_3"
    for wrong in ("", "a b", "x" * 129, "<script>"):
        made = httpx.get(f"{url}/repos", headers={"X-Request-ID": wrong}).headers["x-request-id"]
        assert len(made) == 32 and made != wrong
    assert [entry["request_id"] for entry in requests_in(log(5))].count("abc-1.2_3") == 1


def test_routes_are_templates(served: Callable[..., str], stand_in: Any, log: Callable[..., list[str]]) -> None:
    """What stood in a path is not in the log, its template is; machines' requests are logged at debug only."""
    log(log_level="info")
    url = served(stand_in())
    httpx.get(f"{url}/health/live")
    httpx.get(f"{url}/metrics")
    httpx.get(f"{url}/jobs/{MARKER}")
    assert [entry["route"] for entry in requests_in(log(1))] == ["/jobs/{job_id}"]


def test_the_level_is_a_setting(served: Callable[..., str], stand_in: Any, log: Callable[..., list[str]]) -> None:
    """At warning a request that went well leaves nothing."""
    log(log_level="warning")
    httpx.get(f"{served(stand_in())}/repos")
    assert log() == []
