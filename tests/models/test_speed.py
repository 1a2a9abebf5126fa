"""`quarry models speed`: measured on the real small model; an engine that computes wrongly is no success."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assistant.errors import ModelError
from assistant.models import engine_build, speed
from assistant.models.cli import models
from assistant.models.engine_build import EngineBuild
from assistant.models.speed import ModelSpeed

COMPILED = EngineBuild("2026.10.1", True, "abc")


def ask(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """`quarry models speed` with that home."""
    monkeypatch.setenv("QUARRY_HOME", str(home))
    monkeypatch.setenv("QUARRY_ENGINE_THREADS", "1")
    return CliRunner().invoke(models, ["speed", *arguments])


def test_the_small_model_is_measured(model_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads and writes at some speed, and copies what it was given."""
    result = ask(model_home, monkeypatch, "qwen2.5-coder-0.5b", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["model"] == "embedded/qwen2.5-coder-0.5b"
    assert said["engine"] == str(engine_build.read_engine_build())
    assert said["prompt_tokens_per_second"] > 0 < said["generated_tokens_per_second"]
    assert (said["n_threads"], said["is_sound"]) == (1, True)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_engine_that_computes_wrongly_fails(
    model_home: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """Its speed is said all the same, and what brings back the prebuilt one."""
    monkeypatch.setattr(speed, "measure_speed", lambda path, **_: ModelSpeed(512.0, 99.5, 1, is_sound=False))
    monkeypatch.setattr(engine_build, "read_engine_build", lambda: COMPILED)
    result = ask(model_home, monkeypatch, "qwen2.5-coder-0.5b", *options)
    assert "512" in result.output
    assert isinstance(result.exception, ModelError)
    assert "compiled for its processor (abc) computes wrongly" in str(result.exception)
    assert COMPILED.restore_command in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("qwen2.5-coder-1.5b",), "not downloaded yet: run `quarry models pull qwen2.5-coder-1.5b`"),
        (("ollama/qwen2.5-coder:7b",), "unknown model 'ollama/qwen2.5-coder:7b'"),
        ((), "openai/big is at a server: name an embedded model, such as qwen2.5-coder-0.5b"),
    ],
)
def test_what_cannot_be_measured_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    """In one line: what is not here, and what is not ours to measure."""
    monkeypatch.setenv("QUARRY_MODEL", "openai/big")
    result = ask(tmp_path, monkeypatch, *arguments)
    assert isinstance(result.exception, ModelError)
    assert said in str(result.exception)
