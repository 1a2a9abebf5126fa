"""``Completer`` with a stand-in for the model: when what cannot be completed is refused."""

from __future__ import annotations

import asyncio
import sys
import threading
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest

from assistant import models
from assistant.answer import Assistant
from assistant.completion import CompletionRequest
from assistant.errors import PromptTooLong
from assistant.events import PassagesFound
from assistant.infilling import Gap
from assistant.models import completion as clients
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


def test_clients_are_imported_beside_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first completion imports what takes seconds: on a thread, so that no stream waits for that."""
    on_loop: list[bool] = []

    class Finder(MetaPathFinder):
        def find_spec(self, fullname: str, path: object, target: object = None) -> None:
            if fullname == clients.__name__:
                on_loop.append(threading.current_thread() is threading.main_thread())

    monkeypatch.setattr(models, "completion", clients)  # and sees to it that other tests get the same again
    monkeypatch.delitem(sys.modules, clients.__name__)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    assert isinstance(first_event(tmp_path, 200), PassagesFound)
    assert on_loop == [False]
