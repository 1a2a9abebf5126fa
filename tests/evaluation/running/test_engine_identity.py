"""What of the embedded engine decides an answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from assistant.models import engine_build
from assistant.models.engine_build import EngineBuild
from assistant.settings import AssistantSettings
from eval.running.identity import identify_model


def test_an_engine_compiled_here_is_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """It rounds otherwise than the prebuilt one, so no answer of one is taken for the other's."""
    provider: Any = SimpleNamespace(model="embedded/qwen2.5-coder-0.5b", window_tokens=2048)
    engines = []
    for build in (EngineBuild("1.0", False, "abc"), EngineBuild("1.0", True, "abc"), EngineBuild("1.0", True, "def")):
        monkeypatch.setattr(engine_build, "read_engine_build", lambda build=build: build)
        engines.append(identify_model(provider, AssistantSettings())["engine"])
    assert engines[0] == "xllamacpp 1.0"
    assert len(set(engines)) == 3
