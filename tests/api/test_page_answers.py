"""What the page asks, without a browser: blind comparisons that cannot be asked, votes that cannot be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings

QUESTION = "What is the default quantity in add_to_cart?"


def ask_blind(url: str, question: str = QUESTION) -> httpx.Response:
    """A blind comparison, read to its end."""
    body = {"repo": "shop", "question": question, "mode": "blind"}
    return httpx.post(f"{url}/ui/ask", json=body, timeout=60)


def events_of(response: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream, in order, with their data."""
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_blind_comparison_tells_how_far_it_is(served: Callable[..., str], stand_in: Any) -> None:
    """The page hears at once that the first answer is being made, then of each that is done, then gets both."""
    events = events_of(ask_blind(served(stand_in())))
    assert [name for name, _ in events] == ["progress"] * 3 + ["blind"]
    assert [data["n_done"] for _, data in events[:-1]] == [0, 1, 2]


def test_blind_comparison_past_the_line_is_429(served: Callable[..., str], stand_in: Any) -> None:
    """Where the line is full the status says so, and when to come again."""
    url = served(stand_in(words=["word "] * 900, pause_seconds=0.05), model_slots=1, queue_length=0)
    body = {"repo": "shop", "messages": [{"role": "user", "content": QUESTION}], "stream": True}
    with httpx.stream("POST", f"{url}/chat", json=body) as running:
        lines = running.iter_lines()  # kept, since without it the stream would be closed
        next(line for line in lines if line == "event: token")
        refused = ask_blind(url)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1


def test_blind_comparison_that_cannot_be_asked_says_so_in_its_status(
    served: Callable[..., str], running_app: Callable[[FastAPI], AbstractContextManager[str]], stand_in: Any, home: Path
) -> None:
    """A question that is too long is 422; no model, and a service that ends, are 503."""
    too_long = ask_blind(served(stand_in()), "word " * 5000)
    assert too_long.status_code == 422 and "shorten it" in too_long.json()["detail"]
    without_model = ask_blind(served(None, model="embedded/qwen2.5-coder-0.5b"))
    assert without_model.status_code == 503 and "quarry models pull" in without_model.json()["detail"]
    app = create_app(ApiSettings(home=home), stand_in())
    with running_app(app) as url:
        app.state.quarry.queue.stop(5.0)
        stopping = ask_blind(url)
    assert stopping.status_code == 503 and stopping.headers["retry-after"] == "5"


def test_vote_that_cannot_be_kept_can_be_cast_again(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """Where the vote cannot be written one line says so, and the same ballot is good until its vote is kept."""
    url = served(stand_in(), home=own_home)
    name, data = events_of(ask_blind(url))[-1]
    assert name == "blind"
    vote = {"ballot": data["ballot"], "vote": "left"}
    (own_home / "votes.jsonl").mkdir()  # nothing can be written there
    for _ in range(2):
        refused = httpx.post(f"{url}/ui/vote", json=vote)
        assert refused.status_code == 503, refused.text
        detail = refused.json()["detail"]
        assert "votes.jsonl" in detail and "vote again" in detail and "\n" not in detail
    (own_home / "votes.jsonl").rmdir()
    assert httpx.post(f"{url}/ui/vote", json=vote).status_code == 200
    assert [tally["n_votes"] for tally in httpx.get(f"{url}/votes").json()] == [1]
    again = httpx.post(f"{url}/ui/vote", json=vote)
    assert again.status_code == 422 and "voted on already" in again.json()["detail"]


def test_all_of_them_are_asked_by_a_word_that_can_be_kept(
    served: Callable[..., str], stand_in: Any, own_home: Path, shop: Path, build: Callable[..., Any]
) -> None:
    """The page asks all repositories as `all`, and by their names where one of them is called so."""
    url = served(stand_in(), home=own_home)
    build(own_home, shop, "tools")
    assert 'name="repo" value="all"' in httpx.get(url).text
    build(own_home, shop, "all")
    assert 'name="repo" value="all,shop,tools"' in httpx.get(url).text


def test_links_open_the_ref_that_was_searched(
    served: Callable[..., str], stand_in: Any, make_home: Callable[[], Path], make_repo: Any, build: Any
) -> None:
    """Hits, passages, citations and annotations of a working tree lead to its lines, not to HEAD's beside it."""
    home = make_home()
    repo = make_repo({"cart.py": "def add_to_cart(item, quantity=3):\n    return quantity\n"}, "shop")
    build(home, repo.path, "shop")
    for name in ("cart.py", "new.py"):
        (repo.path / name).write_text("# edited\n\n\ndef add_to_cart(item, quantity=4):\n    return quantity\n")
    build(home, repo.path, "shop", worktree=True)
    url = served(stand_in(words=["`add_to_cart` takes ", "`quantity=4` by default."]), home=home)
    asked = {"repo": "shop", "ref": "@worktree"}

    hits = httpx.post(f"{url}/ui/search", json={**asked, "query": QUESTION}).text
    done = events_of(httpx.post(f"{url}/ui/ask", json={**asked, "question": QUESTION}, timeout=60))[-1][1]
    body = {"model": "quarry/shop@worktree", "messages": [{"role": "user", "content": QUESTION}]}
    said = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60).json()
    assert {each["ref"] for each in [*said["quarry"]["sources"], *said["quarry"]["citations"]]} == {"@worktree"}

    annotated = [each["url_citation"]["url"] for each in said["choices"][0]["message"]["annotations"]]
    assert annotated
    for part in (hits, done["passages"], done["footer"], "".join(done["blocks"])):
        links = [unescape(link) for link in re.findall(r'href="([^"]*)"', part)]
        assert links
        annotated += [url + link for link in links]
    for link in annotated:
        page = httpx.get(link)
        assert page.status_code == 200 and "# edited" in page.text, link
