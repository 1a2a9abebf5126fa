"""``quarry eval judge``: from a run's folder to figures, by a model behind OpenAI's protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eval.cli import evaluate
from eval.judging.store import read_judgements


@pytest.fixture
def judged(server: Any, results: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run whose results are made up; the judge's address is set."""
    monkeypatch.setenv("QUARRY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("QUARRY_OPENAI_URL", f"http://127.0.0.1:{server.server_address[1]}/v1")
    monkeypatch.setattr("eval.running.logs.read_run", lambda folder: (None, results))
    return tmp_path


def judge(folder: Path, *options: object) -> Any:
    """Call the command."""
    return CliRunner().invoke(evaluate, ["judge", str(folder), "--by", "openai/judge", *map(str, options)])


def test_a_judge_is_reported_with_its_bias(judged: Path, server: Any) -> None:
    """This one says A whatever it is shown: a table, a file of every reply, and no second question to it."""
    result = judge(judged, "--limit", 3)
    assert result.exit_code == 0, result.output
    assert "1.000 (6 of 6)" in result.stdout
    assert len(read_judgements(judged)) == 3
    n_asked = len(server.bodies)
    again = json.loads(judge(judged, "--limit", 3, "--json").stdout)
    assert len(server.bodies) == n_asked == 6
    assert again[0]["position_bias"]["share"] == 1.0


def test_what_was_not_run_cannot_be_judged(judged: Path) -> None:
    """An arm that the run lacks is one line, before the judge is asked."""
    result = judge(judged, "--arm", "oracle")
    assert "oracle and none" in str(result.exception)
