"""``Completer`` with a stand-in for the model: when what cannot be completed is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assistant.answer import Assistant
from assistant.completion import CompletionRequest
from assistant.errors import PromptTooLong
from assistant.events import PassagesFound
from assistant.infilling import Gap
from assistant.settings import AssistantSettings

from .test_answer import WordProvider

CODE = Gap("x", "y", "a.py")  # two words, with the name of the file and the model's own tokens


def first_event(home: Path, window_tokens: int) -> object:
    """What the stream of a completion begins with, of which 100 tokens of the window are kept for its text."""
    provider = WordProvider(window_tokens)
    provider.model = "embedded/qwen2.5-coder"
    completer = Assistant(AssistantSettings(home=home), provider).completer()
    request = CompletionRequest(None, CODE, retrieval=False, max_tokens=100)

    async def run() -> object:
        return await anext(completer.stream(request))

    return asyncio.run(run())


def test_what_has_no_room_fails_before_the_first_event(tmp_path: Path) -> None:
    """Code that does not fit is refused while a status can still say so; code that fits begins with its passages."""
    first = first_event(tmp_path, 200)
    assert isinstance(first, PassagesFound) and first.passages == []
    with pytest.raises(PromptTooLong, match="not even its end fits"):
        first_event(tmp_path, 101)
