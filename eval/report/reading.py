"""Reads run folders and puts several together, where they may be: equal set-ups for what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.cases import Result
from eval.errors import RunMismatch
from eval.running.logs import read_run
from eval.running.records import RunSetup

from .figures import Key, key_of, part_by
from .published import Publication

_Place = tuple[str, str, str, str, str]  # model, repository, task, arm, case


@dataclass(frozen=True, slots=True)
class Runs:
    """The set-ups in the folders' order, and all results, of which no two are of one case and arm."""

    setups: Sequence[RunSetup]
    results: Sequence[Result]

    @property
    def commit(self) -> str:
        """Quarry's commit at the latest start, empty where it is not known."""
        starts = sorted((start for setup in self.setups for start in setup.starts), key=lambda each: each.started_at)
        return starts[-1].quarry_commit if starts else ""

    @property
    def seed(self) -> int:
        """The first run's seed, which is the bootstrap's too."""
        return self.setups[0].seed if self.setups else 0

    def list_arms(self) -> dict[Key, set[str]]:
        """The arms that have a result, by model, repository and task."""
        arms: dict[Key, set[str]] = {}
        for result in self.results:
            arms.setdefault(key_of(result), set()).add(result.arm)
        return arms


def read_runs(folders: Sequence[Path], published: Publication | None = None) -> Runs:
    """The runs in ``folders``, and before them those whose cases were ``published``.

    What was published of a task gives way to folders that hold all of it: they are the runs it came from, perhaps gone
    on or scored again. Raises UnreadableRun for a folder without a run, RunMismatch where two do not fit.
    """
    runs = [(str(folder), *read_run(folder)) for folder in folders]
    if published is None:
        return merge_runs(runs)
    in_folders = {_place(result) for _, _, results in runs for result in results}
    return merge_runs([*_list_published(published, in_folders), *runs])


def _list_published(published: Publication, in_folders: Set[_Place]) -> list[tuple[str, RunSetup, Sequence[Result]]]:
    """The published runs whose cases are there and not all in a folder, each with its own."""
    results = part_by(published.results, key_of)
    left = {key: own for key, own in results.items() if not set(map(_place, own)) <= in_folders}
    runs: list[tuple[str, RunSetup, Sequence[Result]]] = []
    for setup in published.report.setups:
        tasks = [task for task in setup.tasks if (setup.model, task.repo, task.task) in left]
        own = [result for task in tasks for result in results.pop((setup.model, task.repo, task.task), ())]
        runs += [(published.report.name, replace(setup, tasks=tasks), own)] if tasks else []
    return runs


def _place(result: Result) -> _Place:
    return (*key_of(result), result.arm, result.case_id)


def merge_runs(runs: Sequence[tuple[str, RunSetup, Sequence[Result]]]) -> Runs:
    """Runs by the name of their folder. Of two results of one case and arm the later folder's counts, but no error
    instead of what is known.

    Raises RunMismatch where two runs share a model, repository and task, but not what decides their answers.
    """
    owners: dict[Key, tuple[str, RunSetup]] = {}
    latest: dict[_Place, Result] = {}
    for folder, setup, results in runs:
        for result in results:
            key = key_of(result)
            other, theirs = owners.setdefault(key, (folder, setup))
            if other != folder:
                _check_same(key, (other, theirs), (folder, setup))
            place = _place(result)
            if result.score.verdict != "error" or place not in latest:
                latest[place] = result
    return Runs([setup for _, setup, _ in runs], list(latest.values()))


def _check_same(key: Key, first: tuple[str, RunSetup], second: tuple[str, RunSetup]) -> None:
    model, repo, task = key
    before, after = (_list_decisive(setup, repo, task) for _, setup in (first, second))
    for name, one, other in _list_unequal(before, after):
        raise RunMismatch(
            f"{first[0]} and {second[0]} both hold {task} on {repo} with {model}, but not with the same {name} "
            f"({one!r} and {other!r}): report them apart, or lay them side by side with `quarry eval compare`."
        )


def _list_decisive(setup: RunSetup, repo: str, task: str) -> dict[str, Any]:
    """What runs must have in common for results of one task on one repository to stand side by side, by name."""
    values: dict[str, Any] = {
        "model_identity": setup.model_identity,
        "seed": setup.seed,
        "context_tokens": setup.context_tokens,
        "window_tokens": setup.window_tokens,
        "max_tokens": setup.max_tokens,
        "decisive": setup.decisive,
        "temperature": setup.temperature,
    }
    for opened in setup.repos:
        if opened.name == repo:
            values["repository content"] = opened.content
    for begun in setup.tasks:
        if (begun.repo, begun.task) == (repo, task):
            values |= {"task scoring": begun.scoring} if begun.scoring else {}  # of older runs it is not known
            values |= {"task version": begun.version, "task max_tokens": begun.max_tokens}
            values |= {"task cases": begun.cases, "task index": begun.index}
    return values


def _list_unequal(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(name, before, after) of what both know, and have otherwise; of a mapping the parts that differ."""
    pairs: list[tuple[str, Any, Any]] = []
    for name, one in before.items():
        other = after.get(name, one)
        if isinstance(one, Mapping):
            pairs += [(f"{name}.{part}", one.get(part), other.get(part)) for part in {**one, **other}]
        else:
            pairs.append((name, one, other))
    return [pair for pair in pairs if pair[1] != pair[2]]
