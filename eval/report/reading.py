"""Reads run folders and puts several together, where they may be: equal set-ups for what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eval.cases import Result
from eval.errors import RunMismatch
from eval.running.logs import read_run

# What two runs must have in common for the results of one task, model and repository to stand side by side.
_SHARED = ("model_identity", "seed", "context_tokens", "window_tokens", "max_tokens", "decisive", "temperature")
_SHARED_OF_REPO = ("content",)
_SHARED_OF_TASK = ("version", "max_tokens", "cases", "index")


@dataclass(frozen=True, slots=True)
class Runs:
    """The set-ups as JSON, in the folders' order, and all results, of which no two are of one case and arm."""

    setups: Sequence[Mapping[str, Any]]
    results: Sequence[Result]

    @property
    def commit(self) -> str:
        """Quarry's commit at the latest start, empty where it is not known."""
        starts = sorted(
            (start for setup in self.setups for start in setup.get("starts", ())),
            key=lambda start: str(start.get("started_at", "")),
        )
        return str(starts[-1].get("quarry_commit", "")) if starts else ""

    @property
    def seed(self) -> int:
        """The first run's seed, which is the bootstrap's too."""
        return int(self.setups[0].get("seed", 0)) if self.setups else 0


def read_runs(folders: Sequence[Path]) -> Runs:
    """The runs in ``folders``. Raises UnreadableRun for a folder without one, RunMismatch where two do not fit."""
    runs = [read_run(folder) for folder in folders]
    return merge_runs(
        [(str(folder), asdict(setup), results) for folder, (setup, results) in zip(folders, runs, strict=True)]
    )


def merge_runs(runs: Sequence[tuple[str, Mapping[str, Any], Sequence[Result]]]) -> Runs:
    """Runs by the name of their folder. Of two results of one case and arm the later folder's counts, but no error
    instead of what is known.

    Raises RunMismatch where two runs share a model, repository and task, but not what decides their answers.
    """
    owners: dict[tuple[str, str, str], tuple[str, Mapping[str, Any]]] = {}
    latest: dict[tuple[str, str, str, str, str], Result] = {}
    for folder, setup, results in runs:
        for result in results:
            key = (result.model, result.repo, result.task)
            other, theirs = owners.setdefault(key, (folder, setup))
            if other != folder:
                _check_same(key, (other, theirs), (folder, setup))
            place = (*key, result.arm, result.case_id)
            if result.score.verdict != "error" or place not in latest:
                latest[place] = result
    return Runs([setup for _, setup, _ in runs], list(latest.values()))


def _check_same(
    key: tuple[str, str, str], first: tuple[str, Mapping[str, Any]], second: tuple[str, Mapping[str, Any]]
) -> None:
    model, repo, task = key
    for name, (before, after) in _list_decisive(first[1], second[1], repo, task).items():
        if before != after:
            raise RunMismatch(
                f"{first[0]} and {second[0]} both hold {task} on {repo} with {model}, but not with the same {name} "
                f"({before!r} and {after!r}): report them apart, or lay them side by side with `quarry eval compare`."
            )


def _list_decisive(
    first: Mapping[str, Any], second: Mapping[str, Any], repo: str, task: str
) -> dict[str, tuple[object, object]]:
    values: dict[str, tuple[object, object]] = {}
    for name in _SHARED:
        before, after = first.get(name), second.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):  # only the part that differs is to be named
            values |= {f"{name}.{part}": (before.get(part), after.get(part)) for part in {**before, **after}}
        else:
            values[name] = (before, after)
    repos = [_find(setup.get("repos", ()), name=repo) for setup in (first, second)]
    tasks = [_find(setup.get("tasks", ()), repo=repo, task=task) for setup in (first, second)]
    values |= {f"repository {name}": (repos[0].get(name), repos[1].get(name)) for name in _SHARED_OF_REPO}
    scoring = [dict(found.get("scoring") or {}) for found in tasks]
    if all(scoring):  # of older runs it is not known
        values |= {
            f"task scoring.{part}": (scoring[0].get(part), scoring[1].get(part))
            for part in {**scoring[0], **scoring[1]}
        }
    return values | {f"task {name}": (tasks[0].get(name), tasks[1].get(name)) for name in _SHARED_OF_TASK}


def _find(entries: Sequence[Mapping[str, Any]], **wanted: str) -> Mapping[str, Any]:
    return next((each for each in entries if all(each.get(name) == value for name, value in wanted.items())), {})
