"""Runs on hosted models by their LangChain class: a stand-in is in its package's place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assistant.models.providers import open_provider
from eval.cases import Result
from eval.cli import evaluate
from eval.errors import RunStopped
from eval.report.build import build_report
from eval.report.setups import describe_setup
from eval.running.identity import identify_model
from eval.running.logs import read_run
from eval.running.records import RunSetup


def run(bench: Any, name: str, **options: Any) -> Any:
    """A run on the stand-in's model of this name."""
    provider = open_provider(bench.settings, f"anthropic/{name}", reuse_prompts=False)
    try:
        bench.run(provider, context_tokens=100, **options)
    finally:
        provider.close()
    return read_run(bench.out)


def list_all_caveats(setup: RunSetup, results: Sequence[Result]) -> str:
    """What a report of the run tells its readers to keep in mind."""
    return " ".join(build_report([setup], results, name="r", made_at="", commit="").caveats)


def test_a_hosted_model_answers_by_its_name(bench: Any, anthropic: Any) -> None:
    """A run asks it over one event loop after the other, keeps its answers, and the second run asks nothing."""
    for _ in range(2):
        setup, results = run(bench, "claude-some")
    assert setup.model == "anthropic/claude-some"
    assert len(anthropic.ASKED) == 6 and {asked["temperature"] for asked in anthropic.ASKED} == {0.0}
    assert [r.score.verdict for r in results] == ["correct"] * 2 + ["wrong"] * 4
    assert {(a.prompt_tokens, a.completion_tokens, a.is_estimate) for r in results for a in r.attempts} == {
        (50, 3, False)
    }


def test_the_identity_says_that_weights_are_not_pinned(bench: Any, anthropic: Any) -> None:
    """Provider, name and package, and what the model does not take; a local model's identity claims more."""
    said = identify_model(open_provider(bench.settings, "anthropic/claude-strict"), bench.settings)
    assert (said["provider"], said["name"]) == ("anthropic", "claude-strict")
    assert said["package"] == "langchain-anthropic 9.9"
    assert said["weights"].startswith("not pinned")
    assert said["temperature"] == said["seed"] == "not sent: the model takes none"
    assert "temperature" not in identify_model(open_provider(bench.settings, "anthropic/claude-some"), bench.settings)


def test_a_report_says_what_cannot_be_known(bench: Any, anthropic: Any) -> None:
    """That the weights may change, and that tokens are estimates; nothing of it for tokens that were counted."""
    setup, results = run(bench, "claude-uncounted")
    assert setup.model_identity["weights"].startswith("not pinned")
    rows = dict(describe_setup(setup))
    assert "langchain-anthropic 9.9" in rows["hosted model, as its provider names it"]
    caveats = list_all_caveats(setup, results)
    assert "The weights of anthropic/claude-uncounted are not pinned" in caveats
    assert "anthropic/claude-uncounted did not say how many tokens" in caveats


def test_counted_tokens_are_not_called_estimates(bench: Any, anthropic: Any) -> None:
    """The caveat is for those that are."""
    caveats = list_all_caveats(*run(bench, "claude-some"))
    assert "did not say how many tokens" not in caveats and "not pinned" in caveats


def test_kept_answers_keep_that_their_tokens_are_estimates(bench: Any, anthropic: Any) -> None:
    """Also where another start takes them from the store."""
    run(bench, "claude-uncounted", limit=1)
    bench.out = bench.out.with_name("other")
    _, results = run(bench, "claude-uncounted")
    assert {(a.is_cached, a.is_estimate) for r in results for a in r.attempts} == {(True, True), (False, True)}


def test_a_folders_env_file_leads_nothing_elsewhere(
    bench: Any, anthropic: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inspect reads one from the folder that it is called in. Where a key and code go is not for that to say."""
    (tmp_path / ".env").write_text("ANTHROPIC_API_URL=http://127.0.0.1:9\nANTHROPIC_API_KEY=another\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANTHROPIC_API_URL", raising=False)
    run(bench, "claude-some")
    assert {(asked["key"], asked["url"]) for asked in anthropic.ASKED} == {("a-key", None)}


def test_a_provider_that_fails_stops_the_run(bench: Any, anthropic: Any) -> None:
    """Its own words are in the line, and what to do."""
    with pytest.raises(RunStopped, match=r"3 cases in a row.*\(529\): Overloaded.*same command"):
        run(bench, "claude-failing")


def test_the_command_takes_it_as_any_other(
    anthropic: Any, garden: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``quarry eval run --model`` is all it takes."""
    monkeypatch.setenv("QUARRY_HOME", str(home))
    words = ["run", "questions", "--repo", str(garden), "--limit", "2", "--model", "anthropic/claude-some", "--json"]
    result = CliRunner().invoke(evaluate, words)
    assert result.exit_code == 0, result.output
    (group,) = json.loads(result.stdout)["groups"]
    assert group["model"] == "anthropic/claude-some" and len(anthropic.ASKED) == 4
