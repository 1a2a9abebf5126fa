"""Set-ups for a reader: commands that run as they are printed, and what decided the answers."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from eval.cli import evaluate
from eval.datasets import ABOUT, DATASETS, STANDARD_SUITE, find_pinned
from eval.report.setups import describe_setup, find_notes, packages_table, write_commands
from eval.running.records import RunSetup

from .conftest import make_setup, make_start, make_task

PINNED = {each.name: f"{each.name}-{each.version}" for each in DATASETS}


def setup_of(
    repos: list[str], *tasks: tuple[str, str], scoring: dict[str, str] | None = None, **fields: Any
) -> RunSetup:
    """A set-up of ``repos`` and of (repository, task) that are begun."""
    begun = [make_task(task, repo, notes=[f"of {task}"], scoring=scoring or {}) for repo, task in tasks]
    start = make_start(arms=["none", "retrieval"], machine={"processor": "P", "cores": 2})
    plain = {"model": "embedded/m", "limit": 20, "context_tokens": 800, "starts": [start]}
    return make_setup(*begun, repos=repos, **(plain | fields))


def test_the_standard_suite_is_named_as_such_also_where_it_is_not_all_begun() -> None:
    """One command asks the three packages, in whatever order they were given."""
    repos = [PINNED[name] for name in reversed(STANDARD_SUITE)]
    commands = write_commands(setup_of(repos, (repos[0], "completion")))
    options = "--arms none,retrieval --model embedded/m --limit 20 --context-tokens 800 --seed 0"
    assert commands == [f"quarry eval run completion --suite standard {options}"]


@pytest.mark.parametrize(
    ("repos", "places"),
    [
        ([PINNED["boltons"]], '--repo "$(quarry eval fetch boltons)"'),
        ([PINNED["boltons"], "mine"], '--repo "$(quarry eval fetch boltons)" --repo mine'),
    ],
)
def test_a_pinned_package_is_fetched_by_the_command(repos: list[str], places: str) -> None:
    """Its folder is where the fetch prints that it is; another repository has its name alone."""
    (command,) = write_commands(setup_of(repos, *((repo, "repair") for repo in repos)))
    assert command.startswith(f"quarry eval run repair {places} --arms")


def test_tasks_without_a_repository_are_a_command_of_their_own() -> None:
    """And have no place."""
    commands = write_commands(setup_of(["mine"], ("mine", "repair"), ("built-in", "generation")))
    assert [command.split(" --")[:2] for command in commands] == [
        ["quarry eval run repair", "repo mine"],
        ["quarry eval run generation", "arms none,retrieval"],
    ]


def test_a_published_set_is_read_from_the_readers_own_copy() -> None:
    """Its command says that there has to be one."""
    (command,) = write_commands(setup_of([], ("built-in", "humaneval")))
    assert command.startswith("quarry eval run humaneval --data YOUR_COPY --arms")


def test_every_option_of_a_command_is_one_of_the_program() -> None:
    """So that it runs as it is printed."""
    setup = setup_of([PINNED["boltons"]], (PINNED["boltons"], "repair"), max_tokens=99, temperature=0.2, n_samples=5)
    known = {option for parameter in evaluate.commands["run"].params for option in parameter.opts}
    named = {word for word in shlex.split(write_commands(setup)[0]) if word.startswith("--")}
    assert named <= known and {"--max-tokens", "--temperature", "--samples"} <= named


def test_what_decided_the_answers_is_said_and_what_is_not_known_is_not() -> None:
    """Model with checksum, engine, package with hash, arms, caps, seed, machine."""
    boltons = find_pinned(PINNED["boltons"])
    assert boltons is not None
    identity = {"sha256": "beef", "engine": "e 1", "options": {"n_slots": 1}}
    task = (PINNED["boltons"], "repair")
    setup = setup_of([PINNED["boltons"]], task, scoring={"sandbox": "s"}, model_identity=identity, seed=7)
    rows = dict(describe_setup(setup))
    assert (rows["SHA-256 of the model's file"], rows["engine"]) == ("beef", "e 1; n_slots 1")
    assert rows[f"scoring of repair on {PINNED['boltons']}"] == "sandbox s"
    assert boltons.sha256 in rows[f"repository {PINNED['boltons']}"]
    assert (rows["arms"], rows["seed"]) == ("none, retrieval", "7")
    assert (rows["caps"], rows["machine"]) == ("800 tokens of code in a prompt", "P, 2 cores")
    assert "sandbox" not in rows and "libraries" not in rows


def test_every_pinned_package_says_what_it_is() -> None:
    """Size, age and hash; a repository that is not pinned says so."""
    assert ABOUT.keys() == {each.name for each in DATASETS}
    table = packages_table([setup_of([*PINNED.values(), "mine"])])
    assert table is not None and all(each.sha256 in table for each in DATASETS)
    assert "2013, before the models" in table
    assert "not pinned; at `c0ffee`" in table
    assert packages_table([setup_of([])]) is None


def test_notes_are_those_of_the_task_with_the_model() -> None:
    """Of another model, task or repository there are none."""
    setups = [setup_of(["mine"], ("mine", "repair"), ("mine", "completion"))]
    assert find_notes(setups, "embedded/m", "mine", "repair") == ["of repair"]
    assert find_notes(setups, "embedded/other", "mine", "repair") == []
