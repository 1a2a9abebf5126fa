"""POST /chat over a real socket: whole answers, streams, errors and hang-ups."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.problems import problem_response
from indexer.errors import InputError

ASK = {"repo": "shop", "messages": [{"role": "user", "content": "What is the default quantity in add_to_cart?"}]}


def read_events(response: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream, in order, with their data."""
    events = []
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            events.append((name, json.loads(line.removeprefix("data: "))))
    return events


def test_answer_has_the_documented_shape(served: Callable[..., str], stand_in: Any) -> None:
    """A whole answer carries text, sources, model, usage and timings, and nothing else is missing."""
    answer = httpx.post(f"{served(stand_in())}/chat", json=ASK).json()
    assert answer["answer"] == "The answer."
    assert set(answer) == {
        *("answer", "sources", "model", "usage", "timings_ms"),
        *("finish_reason", "left_out", "n_turns_left_out"),
        *("citations", "n_citations_removed", "unknown_names", "confidence", "abstained", "session_error", "trace"),
    }
    assert set(answer["sources"][0]) == {"repo", "ref", "commit", "path", "start_line", "end_line"}
    assert answer["usage"]["completion_tokens"] == 2


def test_sources_name_the_file_that_answers(served: Callable[..., str], stand_in: Any) -> None:
    """The file that defines what is asked is among the sources, with the commit it was read at."""
    sources = httpx.post(f"{served(stand_in())}/chat", json=ASK).json()["sources"]
    assert "shop/cart.py" in [source["path"] for source in sources]
    assert all(len(source["commit"]) == 40 for source in sources)


def test_retrieved_code_reaches_the_model(served: Callable[..., str], stand_in: Any) -> None:
    """What the search found stands in the prompt that the model gets."""
    provider = stand_in()
    httpx.post(f"{served(provider)}/chat", json=ASK)
    assert "quantity=3" in str(provider.asked[0][-1].content)


def test_without_retrieval_no_code_reaches_the_model(served: Callable[..., str], stand_in: Any) -> None:
    """With retrieval off the prompt holds the question and no code, and no sources are claimed."""
    provider = stand_in()
    answer = httpx.post(f"{served(provider)}/chat", json={**ASK, "retrieval": "off"}).json()
    assert answer["sources"] == []
    assert "quantity=3" not in str(provider.asked[0])


def test_stream_gives_passages_then_tokens_then_done(served: Callable[..., str], stand_in: Any) -> None:
    """A stream starts with the passages, gives each piece as it comes, and ends with the whole answer."""
    with httpx.stream("POST", f"{served(stand_in())}/chat", json={**ASK, "stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = read_events(response)
    assert [name for name, _ in events] == ["passages", "token", "token", "done"]
    assert "".join(data["text"] for name, data in events if name == "token") == events[-1][1]["answer"]
    assert events[0][1]["passages"] == events[-1][1]["sources"]


def test_hanging_up_a_stream_stops_the_model(
    served: Callable[..., str], stand_in: Any, check_stops: Callable[[Any], None]
) -> None:
    """When the client of a stream goes away, the model's stream is closed too."""
    provider = stand_in(words=["word "] * 400, pause_seconds=0.02)
    with httpx.stream("POST", f"{served(provider)}/chat", json={**ASK, "stream": True}) as response:
        for line in response.iter_lines():
            if line.startswith("event: token"):
                break
    check_stops(provider)


def test_hanging_up_a_whole_answer_stops_the_model(
    served: Callable[..., str], stand_in: Any, hang_up: Callable[..., None], check_stops: Callable[[Any], None]
) -> None:
    """When the client of a whole answer goes away before it is there, the model's stream is closed too."""
    provider = stand_in(words=["word "] * 400, pause_seconds=0.02)
    url = served(provider)

    async def ask() -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            await client.post(f"{url}/chat", json=ASK)

    hang_up(provider, ask())
    check_stops(provider)


def test_error_in_mid_stream_is_an_event(served: Callable[..., str], stand_in: Any) -> None:
    """A model that fails after the first word ends the stream with a problem, not with silence."""
    provider = stand_in(words=["a ", "b ", "c "], fails_after=2)
    with httpx.stream("POST", f"{served(provider)}/chat", json={**ASK, "stream": True}) as response:
        events = read_events(response)
    assert [name for name, _ in events] == ["passages", "token", "token", "error"]
    assert events[-1][1]["status"] == 503
    assert "stand-in/words" in events[-1][1]["detail"]


def test_error_before_the_stream_has_a_status(served: Callable[..., str], stand_in: Any) -> None:
    """What is wrong with the request is told by the status also where a stream was asked for."""
    response = httpx.post(f"{served(stand_in())}/chat", json={**ASK, "repo": "shp", "stream": True})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "Did you mean shop?" in response.json()["detail"]


def test_bad_requests_are_one_line_problems(served: Callable[..., str], stand_in: Any) -> None:
    """Each request that cannot be answered gives a 4xx problem whose detail is one line."""
    url = served(stand_in())
    question = ASK["messages"]
    bad: list[dict[str, Any]] = [
        {},
        {"repo": "shop", "messages": []},
        {"repo": "shop", "messages": [{"role": "user", "content": "  "}]},
        {"repo": "shop", "messages": [{"role": "assistant", "content": "Hello"}]},
        {"repo": "shop", "messages": [{"role": "nobody", "content": "x"}]},
        {"repo": "shop", "messages": question, "k": 0},
        {"repo": "shop", "messages": question, "max_tokens": 1_000_000},
        {"repo": "shop", "messages": [{"role": "user", "content": "word " * 5000}]},
        {"repo": None, "messages": question},
        {"repo": "shop", "messages": question, "ref": "v9"},
        {"repo": "../x", "messages": question},
        {"repo": "shop", "messages": question, "unknown": 1},
    ]
    for body in bad:
        response = httpx.post(f"{url}/chat", json=body)
        assert response.status_code == 422, body
        assert response.json()["detail"].count("\n") == 0, body


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat", {"repo": "shop", "ref": "\ud800", "messages": [{"role": "user", "content": "x"}]}),
        ("/chat", {"repo": "shop@\ud800", "messages": [{"role": "user", "content": "x"}]}),
        ("/ui/ask", {"repo": "shop", "ref": "\ud800", "question": "x"}),
        ("/ui/ask", {"repo": "shop@\ud800", "question": "x"}),
        ("/ui/ask", {"repo": "shop", "question": "x", "session_id": "\ud800"}),
        ("/ui/search", {"repo": "shop", "ref": "\ud800", "query": "x"}),
        ("/ui/search", {"repo": "shop@\ud800", "query": "x"}),
        ("/v1/chat/completions", {"model": "quarry/shop", "messages": ASK["messages"], "stop": "\ud800"}),
        ("/v1/completions", {"model": "quarry/shop", "prompt": "x = ", "stop": "\ud800"}),
    ],
)
def test_half_characters_are_refused_by_the_field_they_are_in(
    served: Callable[..., str], stand_in: Any, path: str, body: dict[str, Any]
) -> None:
    """What JSON can hold and UTF-8 cannot is a problem that names the field, before anything is searched or asked."""
    response = httpx.post(
        served(stand_in()) + path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == (400 if path.startswith("/v1/") else 422), response.text
    said = response.json()["error"]["message"] if path.startswith("/v1/") else response.json()["detail"]
    field = next(name for name, value in body.items() if "\ud800" in value)
    assert said.startswith(f"body.{field}") and "unicode" in said


@pytest.mark.parametrize("path", ["/chat", "/v1/chat/completions"])
def test_a_problem_can_name_what_is_no_utf8(path: str) -> None:
    """A file's name, or half a character that got in, does not make another error of the one that is told."""
    response = problem_response(InputError("nothing at caf\udce9"), path)
    assert "nothing at caf?" in bytes(response.body).decode()


def test_missing_model_says_how_to_get_it(served: Callable[..., str]) -> None:
    """Without the model, asking gives 503 with the command to run, and so does readiness; search works."""
    url = served(None, model="embedded/qwen2.5-coder-0.5b", ollama_url="http://127.0.0.1:9")
    asked = httpx.post(f"{url}/chat", json=ASK)
    assert asked.status_code == 503
    assert "quarry models pull qwen2.5-coder-0.5b" in asked.json()["detail"]
    ready = httpx.get(f"{url}/health/ready")
    assert ready.status_code == 503 and "quarry models pull" in ready.json()["reason"]
    assert httpx.get(f"{url}/search", params={"repo": "shop", "q": "vat"}).status_code == 200
