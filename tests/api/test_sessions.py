"""Conversations that the service keeps: history in the prompt, finished turns stored, nobody else's in sight."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.keys import KeyStore
from api.settings import ApiSettings
from assistant.conversations.sessions import SessionStore
from assistant.errors import SessionsUnavailable

FIRST = "What is the default quantity in `add_to_cart`?"


def ask(url: str, question: str, session_id: str | None = None, **options: Any) -> httpx.Response:
    """One question about the shop, in a session."""
    body = {"repo": "shop", "messages": [{"role": "user", "content": question}], "session_id": session_id}
    headers = options.pop("headers", {})
    return httpx.post(f"{url}/chat", json=body | options, headers=headers, timeout=60)


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_question_brings_the_conversation(
    served: Callable[..., str], stand_in: Any, own_home: Path, stream: bool
) -> None:
    """With a session the client sends its new message alone, and the model gets the turns before it."""
    provider = stand_in()
    url = served(provider, home=own_home)
    for question in (FIRST, "And what does it return?"):
        assert ask(url, question, "talk-1", stream=stream).status_code == 200
    texts = [str(message.content) for message in provider.asked[1]]
    assert FIRST in texts[1] and texts[2] == "The answer."
    assert "And what does it return?" in texts[3] and "quantity=3" in texts[3]  # found by what "it" is
    kept = httpx.get(f"{url}/sessions/talk-1").json()
    assert (kept["title"], kept["repo"], kept["n_messages"]) == (FIRST, "shop", 4)
    assert [message["role"] for message in kept["messages"]] == ["user", "assistant"] * 2
    assert kept["messages"][2]["content"] == "And what does it return?"


def test_sessions_are_made_listed_and_deleted(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """A session has its address from the start, and after it is deleted nothing of it is left."""
    url = served(stand_in(), home=own_home)
    made = httpx.post(f"{url}/sessions")
    assert made.status_code == 201 and made.headers["Location"] == f"/sessions/{made.json()['id']}"
    ask(url, FIRST, made.json()["id"])
    ask(url, FIRST, "chosen-by-me")
    listed = httpx.get(f"{url}/sessions").json()
    assert {session["id"] for session in listed} == {made.json()["id"], "chosen-by-me"}
    assert httpx.delete(f"{url}/sessions/chosen-by-me").status_code == 204
    assert [session["id"] for session in httpx.get(f"{url}/sessions").json()] == [made.json()["id"]]
    for call in (httpx.get, httpx.delete):
        gone = call(f"{url}/sessions/chosen-by-me")
        assert gone.status_code == 404 and "no session 'chosen-by-me'" in gone.json()["detail"]


def test_a_session_outlives_the_service(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """Another service on the same home goes on with the conversation."""
    ask(served(stand_in(), home=own_home), FIRST, "talk-1")
    provider = stand_in()
    ask(served(provider, home=own_home), "Who calls it?", "talk-1")
    assert FIRST in str(provider.asked[0][1].content)


@pytest.mark.parametrize("stream", [False, True])
def test_a_turn_that_fails_is_not_kept(served: Callable[..., str], stand_in: Any, own_home: Path, stream: bool) -> None:
    """Half an answer is no turn: the same question can be asked again in the same session."""
    url = served(stand_in(fails_after=1), home=own_home)
    ask(url, FIRST, "talk-1", stream=stream)
    assert httpx.get(f"{url}/sessions").json() == []


def test_a_session_that_is_deleted_meanwhile_stays_forgotten(
    served: Callable[..., str], stand_in: Any, own_home: Path
) -> None:
    """An answer does not bring back the conversation that was deleted while it was written, and says so."""
    url = served(stand_in(words=["word "] * 20, pause_seconds=0.05), home=own_home)
    session = httpx.post(f"{url}/sessions").json()["id"]
    body = {"repo": "shop", "messages": [{"role": "user", "content": FIRST}], "session_id": session, "stream": True}
    with httpx.stream("POST", f"{url}/chat", json=body, timeout=60) as response:
        lines = response.iter_lines()
        next(line for line in lines if line == "event: token")
        assert httpx.delete(f"{url}/sessions/{session}").status_code == 204
        next(line for line in lines if line == "event: done")
        done = json.loads(next(lines).removeprefix("data: "))
    assert done["answer"] and session in done["session_error"]
    assert httpx.get(f"{url}/sessions").json() == []


def test_the_page_lists_every_conversation(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """None is out of reach, however many there are."""
    store = SessionStore(ApiSettings(home=own_home))
    for number in range(60):
        store.append(None, f"talk-{number}", "a question", "an answer", repo="shop")
    store.close()
    assert httpx.get(f"{served(stand_in(), home=own_home)}/ui/sessions").text.count("data-session=") == 60


@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_question_is_no_turn(
    served: Callable[..., str], stand_in: Any, many_home: Path, stream: bool
) -> None:
    """Where the model was not asked nothing is kept: the same question, asked all the same, is the first one there."""
    provider = stand_in()
    url = served(provider, home=many_home, min_confidence=0.999)
    question = "How are passwords hashed before they are stored?"
    refused = ask(url, question, "talk-1", repo="many", stream=stream)
    assert refused.status_code == 200 and "does not show this" in refused.text and provider.asked == []
    assert httpx.get(f"{url}/sessions").json() == []
    assert ask(url, question, "talk-1", repo="many", stream=stream, abstain=False).status_code == 200
    [prompt] = provider.asked
    assert [message.type for message in prompt] == ["system", "human"]
    assert "does not show this" not in str(prompt)
    kept = httpx.get(f"{url}/sessions/talk-1").json()
    assert (kept["title"], kept["n_messages"]) == (question, 2)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({}, "shop"),
        ({"ref": "HEAD"}, "shop@HEAD"),
        ({"repo": "shop@HEAD"}, "shop@HEAD"),
        ({"repo": "shop@HEAD,shop", "ref": "HEAD"}, "shop@HEAD,shop@HEAD"),
        ({"repo": "all"}, "all"),
        ({"repo": "all", "ref": "HEAD"}, "all@HEAD"),
    ],
)
def test_a_session_knows_the_ref_that_was_asked(
    served: Callable[..., str], stand_in: Any, own_home: Path, asked: dict[str, str], kept: str
) -> None:
    """What a conversation is about is kept with its ref, as a search takes both; the page gets it to go on with."""
    url = served(stand_in(), home=own_home)
    assert ask(url, FIRST, "talk-1", **asked).status_code == 200
    session = httpx.get(f"{url}/sessions/talk-1").json()
    assert (session["repo"], session["messages"][0]["repo"]) == (kept, kept)
    assert f'data-about="{kept}"' in httpx.get(f"{url}/ui/sessions/talk-1").text
    assert ask(url, "And what does it return?", "talk-1", repo=session["repo"]).status_code == 200


def test_without_a_session_nothing_is_kept(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """A client that sends its conversation itself leaves no trace on the server."""
    url = served(stand_in(), home=own_home)
    ask(url, FIRST)
    assert httpx.get(f"{url}/sessions").json() == []


@pytest.mark.parametrize("session_id", ["", "a b", "../etc", "x" * 129])
def test_what_is_no_id_is_refused(served: Callable[..., str], stand_in: Any, own_home: Path, session_id: str) -> None:
    """Such a request fails before the model is asked."""
    provider = stand_in()
    refused = ask(served(provider, home=own_home), FIRST, session_id)
    assert refused.status_code == 422 and "session_id" in refused.json()["detail"]
    assert provider.asked == []


def test_two_answers_are_no_turn(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """A comparison in a session is refused with the way out."""
    refused = ask(served(stand_in(), home=own_home), FIRST, "talk-1", retrieval="compare")
    assert refused.status_code == 422 and "leave session_id out" in refused.json()["detail"]


def test_a_key_sees_its_own_sessions_alone(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """By no route can one key tell whether another has a session of an id, nor get its words before a model."""
    keys = KeyStore(own_home)
    ann, bob = ({"Authorization": f"Bearer {keys.create(name)}"} for name in ("ann", "bob"))
    provider = stand_in()
    url = served(provider, home=own_home, require_keys=True)
    assert ask(url, FIRST, "talk-1", headers=ann).status_code == 200
    assert httpx.get(f"{url}/sessions", headers=bob).json() == []
    for call in (httpx.get, httpx.delete):
        others, nobodys = (call(f"{url}/sessions/{name}", headers=bob) for name in ("talk-1", "talk-2"))
        assert others.status_code == nobodys.status_code == 404
        assert others.json()["detail"].replace("talk-1", "talk-2") == nobodys.json()["detail"]
    assert ask(url, "What does `add_vat` return?", "talk-1", headers=bob).status_code == 200
    assert FIRST not in str(provider.asked[1])
    assert httpx.get(f"{url}/sessions/talk-1", headers=ann).json()["n_messages"] == 2


def test_an_answer_that_cannot_be_stored_is_given_and_says_so(
    served: Callable[..., str], stand_in: Any, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up while the model writes costs the session its turn, not the user the answer."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise SessionsUnavailable("Conversations cannot be kept in sessions.db (disk full).")

    url = served(stand_in(), home=own_home)
    monkeypatch.setattr(SessionStore, "append", fail)
    answered = ask(url, FIRST, "talk-1")
    assert answered.status_code == 200 and answered.json()["answer"]
    assert "disk full" in answered.json()["session_error"]


def test_a_database_that_fails_is_said(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """The service goes on without it, and says what is wrong where it is needed."""
    (own_home / "sessions.db").write_bytes(b"this is no database, and it is longer than a header is" * 4)
    url = served(stand_in(), home=own_home)
    for refused in (ask(url, FIRST, "talk-1"), httpx.get(f"{url}/sessions")):
        assert refused.status_code == 503 and "sessions.db" in refused.json()["detail"]
    assert ask(url, FIRST).status_code == 200
