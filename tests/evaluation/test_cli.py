"""``quarry eval`` as a user meets it, with a real index and a stand-in for the model."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from eval.cli import evaluate
from eval.tasks import TASKS, list_tasks, load_task
from eval.tasks.generation.task import make_cases
from indexer.errors import InputError, QuarryError


@pytest.fixture
def model(home: Path, monkeypatch: pytest.MonkeyPatch, make_provider: Any) -> Any:
    """Puts a stand-in where the model would be; it knows the answer where code is shown.

    Its ``opened`` are the options that it was opened with.
    """
    provider = make_provider(lambda messages: "`33`" if "=====CODE=====" in messages[-1]["content"] else "`1`")
    monkeypatch.setenv("QUARRY_HOME", str(home))
    provider.opened = []

    def open_provider(settings: Any, model: str | None, **options: Any) -> Any:
        provider.opened.append(options)
        return provider

    monkeypatch.setattr("assistant.models.providers.open_provider", open_provider)
    return provider


def invoke(*arguments: object) -> Result:
    """Call ``quarry eval`` with these words."""
    return CliRunner().invoke(evaluate, [str(argument) for argument in arguments])


def test_a_run_prints_its_figures_and_keeps_everything(garden: Path, model: Any, tmp_path: Path) -> None:
    """One command indexes, asks both arms, prints JSON on request, and leaves every file of the run."""
    out = tmp_path / "out"
    result = invoke("run", "questions", "--repo", garden, "--limit", 3, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert [arm["n"] for arm in printed["groups"][0]["arms"]] == [3, 3]
    assert printed["groups"][0]["model"] == "stand-in/model"
    assert {path.name for path in out.iterdir()} == {"run.json", "cases", "logs", "reports", ".lock"}
    assert (out / "cases" / "garden" / "questions.jsonl").is_file()
    assert not (Path(os.environ["QUARRY_HOME"]) / "repositories").exists()  # no index of the user's is touched


def test_the_same_command_asks_nothing_again(garden: Path, model: Any) -> None:
    """Without --out the configuration finds its own folder again, and prints the same."""
    first = invoke("run", "questions", "--repo", garden, "--limit", 2)
    n_asked = len(model.asked)
    again = invoke("run", "questions", "--repo", garden, "--limit", 2)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert n_asked == len(model.asked) > 0
    assert first.stdout == again.stdout
    assert "questions on garden, stand-in/model" in first.stdout


def test_no_prompt_is_read_from_the_one_before(garden: Path, model: Any) -> None:
    """What the engine kept of another prompt changes how this one is computed: answers would depend on the order."""
    result = invoke("run", "questions", "--repo", garden, "--arms", "none", "--limit", 1)
    assert result.exit_code == 0, result.output
    assert model.opened == [{"reuse_prompts": False}]


def test_ctrl_c_says_what_is_kept(garden: Path, model: Any, tmp_path: Path) -> None:
    """Stopping is an abort, not a traceback, and the line counts the answers that are there."""

    def interrupt(messages: Any) -> str:
        if len(model.asked) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return "`1`"

    model.reply = interrupt
    result = invoke("run", "questions", "--repo", garden, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "answers kept in" in result.stderr
    assert "the same command goes on" in result.stderr


def test_a_report_is_made_of_a_run(garden: Path, model: Any, tmp_path: Path) -> None:
    """`report` writes the page and its JSON from the files alone; `compare` lays two runs side by side."""
    invoke("run", "questions", "--repo", garden, "--limit", 2, "--out", tmp_path / "out")
    result = invoke("report", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "questions on garden" in result.stdout
    assert {path.suffix for path in (tmp_path / "out" / "reports").iterdir()} == {".html", ".json"}
    shutil.copytree(tmp_path / "out", tmp_path / "again")
    compared = invoke("compare", tmp_path / "out", tmp_path / "again")
    assert compared.exit_code == 0, compared.output
    assert "retrieval" in compared.stdout


def test_a_suite_is_run_repository_by_repository(
    garden: Path, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pinned package is fetched and asked about; two of one name are told apart."""
    folders = {name: shutil.copytree(garden, tmp_path / name / "garden") for name in ("one", "two")}
    monkeypatch.setattr("eval.datasets.STANDARD_SUITE", tuple(folders))
    monkeypatch.setattr("eval.datasets.fetch_dataset", lambda name, parent: folders[name])
    result = invoke("run", "questions", "--suite", "standard", "--arms", "none", "--limit", 1, "--json")
    assert result.exit_code == 0, result.output
    tasks = json.loads(result.stdout)["groups"]
    assert [(each["repo"], each["task"]) for each in tasks] == [("garden", "questions"), ("garden-2", "questions")]


@pytest.mark.parametrize(
    "options",
    [("--arms", "none,magic"), ("riddles",)],
)
def test_wrong_options_cost_no_question(garden: Path, model: Any, options: tuple[str, ...]) -> None:
    """An unknown arm or task is an error before the model is asked."""
    result = invoke("run", "questions", "--repo", garden, *options)
    assert isinstance(result.exception, QuarryError)
    assert "\n" not in str(result.exception)
    assert model.asked == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "questions", "--repo", ".", "--suite", "standard"), "not both"),
        (("run", "questions", "retrieval", "--repo", "."), "retrieval runs by itself"),
        (("run", "questions", "--repo", ".", "--samples", "3"), "give --temperature"),
        (("run", "optimisation", "completion", "questions"), "completion, questions: give --repo PATH"),
        (("run",), "Missing argument"),
        (("run", "retrieval"), "--suite and --checkouts"),
        (("run", "retrieval", "--repo", ".", "--queries", "q", "--limit", "3"), "leave it out with --queries"),
        (("run", "retrieval", "--suite", ".", "--checkouts", ".", "--limit", "3"), "leave it out with --queries"),
    ],
)
def test_a_wrong_command_line_is_explained(words: tuple[str, ...], said: str) -> None:
    """What cannot be run together is said, with exit code 2; `retrieval` has options of its own."""
    result = invoke(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_command_line_is_checked_before_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever forgot the repository is told so, also where there is no model yet."""

    def missing(*_: Any, **__: Any) -> Any:
        raise AssertionError("the model was opened")

    monkeypatch.setattr("assistant.models.providers.open_provider", missing)
    assert "give --repo" in invoke("run", "completion").stderr


def test_an_unknown_task_lists_the_known_ones() -> None:
    """The line says what can be run."""
    with pytest.raises(InputError, match=r"'riddles'.*questions.*retrieval"):
        load_task("riddles")


@pytest.mark.parametrize("name", list_tasks())
def test_every_listed_task_can_be_loaded(name: str) -> None:
    """A task that is listed is there, under its own name and with what the runner needs to know."""
    task = load_task(name)
    assert task.name == name
    assert task.description and task.version >= 1 and task.max_tokens >= 1 and task.default_limit >= 1


def test_the_list_names_tasks_and_arms() -> None:
    """Everything that can be run is on one page, with what it needs."""
    printed = invoke("list").stdout
    for word in (*list_tasks(), "retrieval", "none", "placebo", "oracle", "k=HITS", "a repository"):
        assert word in printed
    assert set(list_tasks()) <= set(TASKS)


def test_the_list_says_how_many_cases_there_are() -> None:
    """A task that asks all that it has shows their number."""
    row = next(line for line in invoke("list").stdout.splitlines() if line.startswith("| generation"))
    assert row.split("|")[-2].strip() == str(len(make_cases()))


@pytest.mark.parametrize(
    "words", [("list",), ("run",), ("run", "retrieval"), ("report",), ("compare",), ("judge",), ("fetch",)]
)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    """Each command says what it does, and each of its options too."""
    command: click.Command = evaluate
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert command.help
    assert all(option.help for option in options)
    assert invoke(*words, "--help").exit_code == 0
