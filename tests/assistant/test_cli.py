"""``quarry ask`` and ``quarry chat`` over a real index, with a stand-in for the model: what is asked and shown."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from assistant.cli import ask, chat
from indexer.main import main

from .test_answer import FixedChat, WordProvider, indexed_home

__all__ = ["indexed_home"]  # a fixture
TAX, PASSWORD, INVOICE = "how is tax computed?", "what checks a password?", "who creates an invoice?"


class TurnsChat(FixedChat):
    """Says one thing after the other; an error among them is raised in the middle, and so is Ctrl-C."""

    turns: list[Any]

    async def _astream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        self.asked.append(messages)
        turn = self.turns.pop(0)
        yield ChatGenerationChunk(message=AIMessageChunk("It is "))
        if isinstance(turn, Exception):
            raise turn
        if turn is signal.SIGINT:
            signal.raise_signal(turn)
            await asyncio.sleep(60)
        last = AIMessageChunk(turn, response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


class TurnsProvider(WordProvider):
    """Opens its chat, and remembers as which model and with what cap."""

    def __init__(self, *turns: Any) -> None:
        super().__init__()
        self.chat = TurnsChat(tokens=[], turns=list(turns), asked=[], n_closed=[])
        self.names: list[str | None] = []
        self.caps: list[int] = []

    def open(self, settings: object, name: str | None, **_: Any) -> TurnsProvider:
        self.names.append(name)
        return self

    def chat_model(self, *, max_tokens: int, **_: Any) -> BaseChatModel:
        self.caps.append(max_tokens)
        return self.chat


@pytest.fixture
def answering(indexed_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., TurnsProvider]]:
    """``answering(turn, ...)`` makes the commands ask such a model about the indexed repository."""
    monkeypatch.setenv("QUARRY_HOME", str(indexed_home))

    def answer(*turns: Any) -> TurnsProvider:
        provider = TurnsProvider(*turns)
        monkeypatch.setattr("assistant.models.providers.open_provider", provider.open)
        return provider

    # Where the tests run in a shell's background, Ctrl-C is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield answer
    signal.signal(signal.SIGINT, before)


def texts(messages: list[BaseMessage]) -> list[str]:
    """What the model was given to read."""
    return [str(message.content) for message in messages]


def test_a_conversation_goes_on_until_an_empty_line(answering: Callable[..., TurnsProvider]) -> None:
    """Each question goes to the model with what was said before; answers come with their sources."""
    provider = answering("so.", "not.")
    done = CliRunner().invoke(chat, ["project", "--model", "some/model"], input=f"{TAX}\n{PASSWORD}\n\n{INVOICE}\n")
    assert done.exit_code == 0, done.output
    assert "It is so." in done.output and "It is not." in done.output and "compute_tax.py:1-" in done.output
    first, second = provider.chat.asked
    assert TAX in texts(first)[-1] and "def compute_tax" in texts(first)[-1]
    assert TAX in texts(second)[1] and texts(second)[2] == "It is so." and PASSWORD in texts(second)[3]
    assert provider.names == ["some/model"]


def test_errors_and_ctrl_c_end_an_answer_and_not_the_conversation(answering: Callable[..., TurnsProvider]) -> None:
    """What was not answered is forgotten; the end of the input ends it, too."""
    provider = answering(ConnectionResetError("peer went away"), signal.SIGINT, "so.")
    done = CliRunner().invoke(chat, ["project"], input=f"{TAX}\n{PASSWORD}\n{INVOICE}\n")
    assert done.exit_code == 0, done.output
    assert "quarry: " in done.output and "(stopped)" in done.output and "It is so." in done.output
    *_, last = provider.chat.asked
    assert len(provider.chat.asked) == 3 and len(last) == 2
    assert TAX not in str(last) and PASSWORD not in str(last)


def test_a_question_is_asked_as_the_options_say(answering: Callable[..., TurnsProvider]) -> None:
    """--no-retrieval sends no code; -k bounds the hits, --max-tokens the answer; --model names the model."""
    provider = answering("so.", "so.", "so.")
    alone = CliRunner().invoke(ask, ["project", TAX, "--no-retrieval"])
    assert alone.exit_code == 0 and "It is so." in alone.output and "sources:" not in alone.output
    n_sources = []
    for options in ([], ["-k", "1", "--max-tokens", "7", "--model", "some/model"]):
        done = CliRunner().invoke(ask, ["project", TAX, "--json", *options])
        answer = json.loads(done.stdout)
        assert answer["answer"] == "It is so."
        n_sources.append(len(answer["sources"]))
    assert n_sources[0] > n_sources[1] == 1
    assert ["def compute_tax" in str(asked) for asked in provider.chat.asked] == [False, True, True]
    assert provider.caps[0] != provider.caps[2] == 7
    assert provider.names == [None, None, "some/model"]


def test_ctrl_c_ends_a_question_with_130(
    answering: Callable[..., TurnsProvider], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And with no traceback."""
    answering(signal.SIGINT)
    monkeypatch.setattr("indexer.main._QUIET", {})  # this process is the tests'
    monkeypatch.setattr(sys, "argv", ["quarry", "ask", "project", TAX])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "Traceback" not in capsys.readouterr().err
