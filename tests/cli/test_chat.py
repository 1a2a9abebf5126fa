"""``quarry chat`` with a stand-in for the assistant: which turns stand before the next question."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from assistant.cli import chat
from assistant.events import AnswerDone, AskRequest
from assistant.records import Answer, Message, TokenCount, Trace, Usage


class StandIn:
    """Gives every question the same answer, with these fields, and notes what it was asked."""

    def __init__(self, **fields: Any) -> None:
        nothing = TokenCount(0, exact=True)
        trace = Trace("1", (), (), 0, nothing, nothing)
        answer = Answer("So.", (), "m", Usage(0, 0), "stop", {"total": 1.0}, trace, ())
        self._answer = replace(answer, **fields)
        self.asked: list[list[Message]] = []

    async def stream(self, request: AskRequest) -> AsyncGenerator[Any, None]:
        """The answer at once."""
        self.asked.append(list(request.messages))
        yield AnswerDone(self._answer)


def talk(monkeypatch: pytest.MonkeyPatch, assistant: StandIn, lines: str) -> str:
    """What the command prints when these lines are typed."""
    monkeypatch.setattr("assistant.cli._check_repository", lambda *_: None)
    monkeypatch.setattr("assistant.cli._open_assistant", lambda *_: nullcontext(assistant))
    done = CliRunner().invoke(chat, ["shop"], input=lines)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    ("abstained", "before"), [(False, [Message("user", "first"), Message("assistant", "So.")]), (True, [])]
)
def test_a_refusal_is_no_turn(monkeypatch: pytest.MonkeyPatch, abstained: bool, before: list[Message]) -> None:
    """An answer stands before the next question with its own; a refusal, which no model gave, does not."""
    assistant = StandIn(abstained=abstained)
    talk(monkeypatch, assistant, "first\nsecond\n\n")
    assert assistant.asked == [[Message("user", "first")], [*before, Message("user", "second")]]


def test_an_answer_that_is_all_thinking_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was said before the cap was reached: other words would not help."""
    said = talk(monkeypatch, StandIn(text="", finish_reason="length"), "first\n\n")
    assert "thinking" in said and "--max-tokens" in said and "other words" not in said
