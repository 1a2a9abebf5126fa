"""``quarry serve``: what it prints for whoever started it."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import _announce
from api.settings import ApiSettings
from api.state import ServiceState


def test_it_says_what_can_be_asked_and_how(
    own_home: Path,
    build: Callable[..., Any],
    stand_in: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The names, the newest first; then the model, and a command to copy, with a place for the key if one is needed."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "one.py").write_text("ONE = 1\n")
    time.sleep(1)  # an index knows its age by the second
    build(own_home, tmp_path / "tools", "tools")
    monkeypatch.setattr("api.cli._calm_collector", lambda: None)  # this process is the tests'
    for require_keys in (False, True):
        state = ServiceState(ApiSettings(home=own_home, require_keys=require_keys), stand_in())
        _announce(state, "http://127.0.0.1:8000")
        state.close()
        serves, loaded, _, command = capsys.readouterr().out.rstrip().split("\n")
        assert serves.startswith("Quarry serves on http://127.0.0.1:8000 (tools, shop): ")
        assert loaded == "loaded stand-in/words; ask there, or with:"
        curl, *arguments = shlex.split(command)
        assert curl == "curl" and "http://127.0.0.1:8000/chat" in arguments
        assert json.loads(arguments[arguments.index("-d") + 1])["repo"] == "tools"
        assert ("Authorization: Bearer KEY" in arguments) is require_keys
