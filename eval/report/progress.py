"""How far runs are: cases answered of those set out, by arm, also where there is no answer yet; and beside a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.cases import Result

from .figures import is_valid, order_arms
from .records import Progress

_Key = tuple[str, str, str]  # model, repo, task


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run, fixed before: every model on every repository by every arm, with so many cases of a task."""

    models: Sequence[str]
    tasks: Mapping[str, int]
    repos: Sequence[str]
    arms: Sequence[str]


def trace_progress(
    setups: Sequence[Mapping[str, Any]], results: Sequence[Result], plan: Plan | None = None
) -> list[Progress]:
    """The plan's cells in its order, then what was run outside of it. Without a plan all runs, and none is outside."""
    set_out = _find_set_out(setups)
    arms_of = _find_arms(setups)
    answered: dict[_Key, dict[str, int]] = {}
    ids: dict[_Key, set[str]] = {}
    for result in results:
        key = (result.model, result.repo, result.task)
        counts = answered.setdefault(key, {})
        counts[result.arm] = counts.get(result.arm, 0) + is_valid(result)
        ids.setdefault(key, set()).add(result.case_id)
    planned = _list_planned(plan) if plan is not None else {}
    rows = []
    for key in dict.fromkeys([*planned, *set_out, *answered]):
        found = set_out.get(key)
        n_cases = max(found[0] if found else 0, len(ids.get(key, ())))
        n_planned = planned.get(key)
        if n_planned is not None and not (found and found[0] < found[1]):  # else the repository has no more cases
            n_cases = max(n_planned, n_cases)
        counts = answered.get(key, {})
        names = [*(plan.arms if plan is not None and n_planned is not None else ()), *arms_of.get(key, ()), *counts]
        model, repo, task = key
        rows.append(
            Progress(
                model=model,
                repo=repo,
                task=task,
                n_cases=n_cases,
                n_planned=n_planned,
                answered={arm: counts.get(arm, 0) for arm in order_arms(names)},
            )
        )
    return rows


def _list_planned(plan: Plan) -> dict[_Key, int]:
    return {(model, repo, task): n for model in plan.models for task, n in plan.tasks.items() for repo in plan.repos}


def _find_set_out(setups: Sequence[Mapping[str, Any]]) -> dict[_Key, tuple[int, int]]:
    """How many cases the runs set out with, and how many they had asked for; of several runs the most."""
    found: dict[_Key, tuple[int, int]] = {}
    for setup in setups:
        for each in setup.get("tasks", ()):
            key = (str(setup.get("model", "")), str(each.get("repo", "")), str(each.get("task", "")))
            n_cases = int(each.get("n_cases", 0))
            found[key] = max(found.get(key, (0, 0)), (n_cases, int(each.get("limit", 0))))
    return found


def _find_arms(setups: Sequence[Mapping[str, Any]]) -> dict[_Key, list[str]]:
    """The arms that a start named for a task, also those without any answer."""
    found: dict[_Key, list[str]] = {}
    for setup in setups:
        for each in setup.get("tasks", ()):
            key = (str(setup.get("model", "")), str(each.get("repo", "")), str(each.get("task", "")))
            for start in setup.get("starts", ()):
                if each.get("task") in start.get("tasks", ()):
                    found.setdefault(key, []).extend(start.get("arms", ()))
    return found
