"""How far runs are: cases answered of those set out, by arm, also where there is no answer yet; and beside a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from eval.cases import Result
from eval.running.records import RunSetup

from .figures import Key, is_valid, key_of, order_arms
from .records import Progress


@dataclass(frozen=True, slots=True)
class PlannedRuns:
    """What is to be run: every model on every repository by every arm, with so many cases of a task."""

    models: Sequence[str]
    tasks: Mapping[str, int]
    repos: Sequence[str]
    arms: Sequence[str]


class _SetOut(NamedTuple):
    """What runs set out with: cases, of several runs the most; how many it had asked for; the arms of all starts."""

    n_cases: int = 0
    limit: int = 0
    arms: Sequence[str] = ()


def trace_progress(
    setups: Sequence[RunSetup], results: Sequence[Result], plan: PlannedRuns | None = None
) -> list[Progress]:
    """The plan's cells in its order, then what was run outside of it. Without a plan all runs, and none is outside."""
    set_out = _find_set_out(setups)
    answered: dict[Key, dict[str, int]] = {}
    ids: dict[Key, set[str]] = {}
    for result in results:
        key = key_of(result)
        counts = answered.setdefault(key, {})
        counts[result.arm] = counts.get(result.arm, 0) + is_valid(result)
        ids.setdefault(key, set()).add(result.case_id)
    planned = _list_planned(plan) if plan is not None else {}
    rows = []
    for key in dict.fromkeys([*planned, *set_out, *answered]):
        runs, counts, n_planned = set_out.get(key, _SetOut()), answered.get(key, {}), planned.get(key)
        n_cases = max(runs.n_cases, len(ids.get(key, ())))
        if n_planned is not None and runs.n_cases >= runs.limit:  # else the repository has no more cases
            n_cases = max(n_planned, n_cases)
        names = [*(plan.arms if plan is not None and n_planned is not None else ()), *runs.arms, *counts]
        by_arm = {arm: counts.get(arm, 0) for arm in order_arms(names)}
        rows.append(Progress(*key, n_cases=n_cases, n_planned=n_planned, answered=by_arm))
    return rows


def describe_missing(progress: Progress, n_results: Mapping[str, int]) -> list[str]:
    """What each arm that was begun lacks. ``n_results`` counts its results, errors among them.

    Of a task in a plan an arm without any result was not begun, which is told with the plan; else it was asked for.
    """
    counts = {arm: n_results.get(arm, 0) for arm in progress.answered}
    return [
        f"{arm}: {progress.n_cases - n} of {progress.n_cases} cases have no result yet"
        for arm, n in counts.items()
        if n < progress.n_cases and (n or progress.n_planned is None)
    ]


def _list_planned(plan: PlannedRuns) -> dict[Key, int]:
    return {(model, repo, task): n for model in plan.models for task, n in plan.tasks.items() for repo in plan.repos}


def _find_set_out(setups: Sequence[RunSetup]) -> dict[Key, _SetOut]:
    """What runs set out with, by model, repository and task.

    An arm counts that a start named for the task, also without any answer.
    """
    found: dict[Key, _SetOut] = {}
    for setup in setups:
        for task in setup.tasks:
            key = (setup.model, task.repo, task.task)
            before = found.get(key, _SetOut())
            arms = [arm for start in setup.starts if task.task in start.tasks for arm in start.arms]
            n_cases, limit = max((before.n_cases, before.limit), (task.n_cases, task.limit))
            found[key] = _SetOut(n_cases, limit, [*before.arms, *arms])
    return found
