"""Kept answers: what makes two questions the same, and what comes with an answer that was asked for earlier."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from eval.errors import EvaluationError
from eval.running.answers import KeepingProvider
from eval.running.store import KeptStore, make_key


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeptStore]:
    """A store of this test's own."""
    opened = KeptStore(tmp_path / "kept.sqlite")
    yield opened
    opened.close()


def test_any_text_can_be_kept(store: KeptStore) -> None:
    """A test's message may hold half of a character, which is no UTF-8."""
    store.put("key", "score", {"explanation": "\ud800 é"})
    assert store.get("key") == {"explanation": "\ud800 é"}


def ask(provider: KeepingProvider, text: str = "Why?", stop: list[str] | None = None, **options: Any) -> Any:
    """All pieces of an answer, added up."""

    async def collect() -> Any:
        chat = provider.chat_model(**{"max_tokens": 16, **options})
        pieces = [piece async for piece in chat.astream([HumanMessage(text)], stop=stop)]
        whole = pieces[0]
        for piece in pieces[1:]:
            whole += piece
        return whole

    return asyncio.run(collect())


def test_a_kept_answer_comes_as_it_was(store: KeptStore, make_provider: Any) -> None:
    """Text, tokens, the reason it ended and the seconds are those of the time when it was asked; only once is it."""
    model = make_provider(lambda messages: "Because it is so.")
    provider = KeepingProvider(model, {}, store)
    first, asked = ask(provider), provider.last
    again, kept = ask(provider), provider.last
    assert len(model.asked) == 1
    assert first.text == again.text == "Because it is so."
    assert asked is not None and kept is not None
    assert (asked.is_cached, kept.is_cached) == (False, True)
    assert (asked.seconds, asked.prompt_seconds) == (kept.seconds, kept.prompt_seconds)
    assert 0 < asked.prompt_seconds <= asked.seconds
    assert (kept.prompt_tokens, kept.completion_tokens, kept.finish_reason) == (1, 5, "stop")
    assert again.usage_metadata["output_tokens"] == 5
    assert again.response_metadata["finish_reason"] == "stop"


def test_an_answer_that_a_later_version_kept_is_read(
    store: KeptStore, make_provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field that this version does not know is passed over."""
    provider = KeepingProvider(make_provider(lambda messages: "Because it is so."), {}, store)
    ask(provider)
    get = store.get
    monkeypatch.setattr(store, "get", lambda key: {**(get(key) or {}), "mood": "good"})
    assert ask(provider).text == "Because it is so."


def test_no_speed_is_learned_from_a_kept_answer(store: KeptStore, make_provider: Any) -> None:
    """All of its prompt counts as cached: it came in no time, and that says nothing about the model."""
    provider = KeepingProvider(make_provider(lambda messages: "So."), {}, store)
    ask(provider)
    again = ask(provider)
    assert again.usage_metadata["input_token_details"]["cache_read"] == again.usage_metadata["input_tokens"]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Why not?"},
        {"max_tokens": 17},
        {"temperature": 0.5},
        {"seed": 1},
        {"stop": ["x"]},
        {"model": "stand-in/other"},
        {"identity": {"sha256": "beef"}},
    ],
)
def test_whatever_decides_an_answer_makes_another_one(
    store: KeptStore, make_provider: Any, change: dict[str, Any]
) -> None:
    """Another prompt, cap, temperature, seed, stop, model or model file is asked for anew."""
    ask(KeepingProvider(make_provider(lambda messages: "One."), {"sha256": "c0de"}, store))
    change = dict(change)
    model = make_provider(lambda messages: "Two.", model=change.pop("model", "stand-in/model"))
    other = KeepingProvider(model, change.pop("identity", {"sha256": "c0de"}), store)
    assert ask(other, **change).text == "Two."


def test_an_answer_that_broke_off_is_not_kept(store: KeptStore, make_provider: Any) -> None:
    """A model that fails is asked again, and the whole answer is then the one that is kept."""
    replies: Iterator[str | Exception] = iter([ConnectionError("gone"), "Whole."])

    def reply(messages: Any) -> str:
        said = next(replies)
        if isinstance(said, Exception):
            raise said
        return said

    provider = KeepingProvider(make_provider(reply), {}, store)
    with pytest.raises(ConnectionError):
        ask(provider)
    assert provider.last is None
    assert ask(provider).text == "Whole."


def test_two_runs_share_what_is_kept(tmp_path: Path) -> None:
    """What one process has kept the other finds while both are open; of two answers to one question the first stays."""
    one, other = KeptStore(tmp_path / "kept.sqlite"), KeptStore(tmp_path / "kept.sqlite")
    one.put("k", "answer", {"text": "ü\u2028\n"})
    other.put("k", "answer", {"text": "b"})
    assert other.get("k") == one.get("k") == {"text": "ü\u2028\n"}
    assert one.get("unknown") is None
    one.close()
    other.close()


def test_a_damaged_store_is_one_line(tmp_path: Path) -> None:
    """A file that is no store is named, with what to do."""
    (tmp_path / "kept.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(EvaluationError, match=r"kept\.sqlite.*remove it") as caught:
        KeptStore(tmp_path / "kept.sqlite")
    assert "\n" not in str(caught.value)


def test_a_key_does_not_depend_on_the_order_of_fields() -> None:
    """The same fields in another order are the same question; another kind is another thing."""
    assert make_key("answer", {"a": 1, "b": 2}) == make_key("answer", {"b": 2, "a": 1})
    assert make_key("answer", {"a": 1}) != make_key("score", {"a": 1})
