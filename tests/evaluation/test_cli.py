"""``quarry eval`` as a user meets it, with a real index and a stand-in for the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from assistant.events import AskRequest
from eval.cli import evaluate
from indexer.errors import QuarryError


class _Provider:
    """A model that is never asked: the stand-in answers before it."""

    model = "stand-in/model"
    window_tokens = 8192

    def close(self) -> None:
        pass


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A package in a src layout that gives a few questions."""
    folder = tmp_path / "garden" / "src" / "garden"
    folder.mkdir(parents=True)
    (folder / "gate.py").write_text(
        "SIZE = 33\nWIDTH = 44\n\n\nclass Gate(Barrier):\n    def open(self, speed=7): ...\n"
    )
    return tmp_path / "garden"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a home computes once and keeps (the compiled secret rules, seconds of work), shared by these tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def asked(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Any) -> list[AskRequest]:
    """Puts the stand-in where the model would be; what it was asked is in the list."""
    requests: list[AskRequest] = []

    def make_assistant(settings: Any, provider: Any) -> Any:
        answerer = stand_in(lambda request: "`33`" if request.retrieval else "`1`")
        answerer.requests = requests
        return answerer

    home = tmp_path / "home"
    home.mkdir()
    (home / "cache").symlink_to(cache)
    monkeypatch.setenv("QUARRY_HOME", str(home))
    monkeypatch.setattr("assistant.models.providers.open_provider", lambda settings, model, **options: _Provider())
    monkeypatch.setattr("assistant.answer.Assistant", make_assistant)
    return requests


def invoke(*arguments: object) -> Result:
    """Call ``quarry eval`` with these words."""
    return CliRunner().invoke(evaluate, [str(argument) for argument in arguments])


def test_a_run_prints_its_figures_and_keeps_everything(repo: Path, asked: list[AskRequest], tmp_path: Path) -> None:
    """One command indexes, asks both arms, prints JSON on request, and leaves every file of the run."""
    out = tmp_path / "out"
    result = invoke("run", "questions", "--repo", repo, "--limit", 3, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert [arm["n"] for arm in summary["arms"]] == [3, 3]
    assert summary["is_complete"]
    files = {"config.json", "questions.jsonl", "answers.jsonl", "summary.json", "report.md"}
    assert {path.name for path in out.iterdir()} == files
    assert len((out / "answers.jsonl").read_text().splitlines()) == 6


def test_the_same_command_asks_nothing_again(repo: Path, asked: list[AskRequest], tmp_path: Path) -> None:
    """Without --out the configuration finds its own folder again; another one gets another."""
    first = invoke("run", "questions", "--repo", repo)
    n_asked = len(asked)
    again = invoke("run", "questions", "--repo", repo)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert n_asked == len(asked) > 0
    assert first.stdout == again.stdout
    invoke("run", "questions", "--repo", repo, "--max-tokens", 5)
    assert len(asked) == 2 * n_asked
    assert len(list((tmp_path / "home" / "evaluations").iterdir())) == 2


def test_ctrl_c_says_what_is_kept(
    repo: Path, asked: list[AskRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Any
) -> None:
    """Stopping is an abort, not a traceback, and the line counts the answers that are there."""
    replies = iter(["`1`", "`2`"])
    stopping = stand_in(lambda _: next(replies, KeyboardInterrupt()))
    monkeypatch.setattr("assistant.answer.Assistant", lambda settings, provider: stopping)
    result = invoke("run", "questions", "--repo", repo, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "2 answers are kept" in result.stderr
    assert len((tmp_path / "out" / "answers.jsonl").read_text().splitlines()) == 2


def test_a_changed_repository_is_another_run(repo: Path, asked: list[AskRequest], tmp_path: Path) -> None:
    """Answers about code that has changed are not taken for answers about the new one."""
    assert invoke("run", "questions", "--repo", repo, "--out", tmp_path / "out").exit_code == 0
    (repo / "NEWS.md").write_text("changed")
    result = invoke("run", "questions", "--repo", repo, "--out", tmp_path / "out")
    assert isinstance(result.exception, QuarryError)
    assert "content was" in str(result.exception)


def test_a_report_is_printed_again(repo: Path, asked: list[AskRequest], tmp_path: Path) -> None:
    """`report` gives what `run` gave, from the files alone."""
    printed = invoke("run", "questions", "--repo", repo, "--out", tmp_path / "out").stdout
    assert invoke("report", tmp_path / "out").stdout == printed


@pytest.mark.parametrize("options", [("--arms", "none,magic"), ("--limit", "999")])
def test_wrong_options_cost_no_question(repo: Path, asked: list[AskRequest], options: tuple[str, str]) -> None:
    """An unknown arm, or more questions than there are, is an error before the model is asked."""
    result = invoke("run", "questions", "--repo", repo, *options)
    assert isinstance(result.exception, QuarryError)
    assert asked == []


def test_an_unknown_task_lists_the_known_ones() -> None:
    """The command line says what can be run."""
    result = invoke("run", "riddles")
    assert result.exit_code == 2
    assert "questions" in result.stderr


@pytest.mark.parametrize("words", [("run", "questions"), ("run", "retrieval"), ("report",), ("fetch",)])
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    """Each command says what it does, and each of its options too."""
    command: click.Command = evaluate
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert command.help
    assert options and all(option.help for option in options)
