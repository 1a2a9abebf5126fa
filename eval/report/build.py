"""Puts a report together from runs' set-ups and results. Nothing is asked, run or read here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from eval.cases import Result
from eval.judging.records import JudgeFigures
from eval.running.records import RunSetup, TaskSetup

from .carried import carry_progress, key_of_group, pool_with_carried, warn_of_carried
from .causes import explain_retrieval, name_cause
from .caveats import list_caveats
from .examples import choose_examples, join_examples
from .figures import (
    NONE,
    PLACEBO,
    RETRIEVAL,
    Arms,
    Key,
    adjust_groups,
    compare_arms,
    count_samples,
    count_without_sources,
    is_oracle,
    key_of,
    list_contrasts,
    pair_contrast,
    part_by,
    pool_gains,
    split_arms,
    summarise_arm,
    weigh_costs,
)
from .progress import PlannedRuns, describe_missing, trace_progress
from .records import Group, PooledGain, Progress, Report
from .splits import compare_after_follow_ups, compare_measures, find_follow_ups, slice_cases
from .trust import count_reasons, count_refusals, judge_grounding, measure_confidence
from .wording import describe_gain, describe_pooled


def build_report(
    setups: Sequence[RunSetup],
    results: Sequence[Result],
    judges: Sequence[JudgeFigures] = (),
    *,
    name: str,
    made_at: str,
    commit: str,
    seed: int = 0,
    plan: PlannedRuns | None = None,
    carried: Report | None = None,
) -> Report:
    """All figures of ``results``. ``setups`` are the runs'; ``seed`` is the bootstrap's.

    With a ``plan`` the report says how much of it is done, also of what no run has begun, and Holm is over all of it.
    Figures of a report that is ``carried`` over stand beside those of the results; they are of other groups.
    """
    setups = [*(carried.setups if carried else ()), *setups]
    progress = trace_progress(setups, results, plan)
    progress = carry_progress(progress, carried) if carried else progress
    cells = {(each.model, each.repo, each.task): each for each in progress}
    planned = {key for key, each in cells.items() if each.n_planned is not None}
    all_results = {key: split_arms(own) for key, own in part_by(results, key_of).items()}
    answerable: dict[Key, Arms] = {
        key: {arm: {i: r for i, r in own.items() if not r.is_unanswerable} for arm, own in arms.items()}
        for key, arms in all_results.items()
    }
    left_out = _count_left_out(setups)
    groups = [
        _summarise(key, arms, answerable[key], cells[key], left_out.get(key, _LeftOut()), seed)
        for key, arms in all_results.items()
    ]
    pooled = pool_gains(answerable, seed)
    examples = choose_examples(answerable)
    if carried:
        places = {key: number for number, key in enumerate(cells)}
        groups = sorted([*carried.groups, *groups], key=lambda group: places[key_of_group(group)])
        pooled = pool_with_carried(groups, pooled, carried)
        examples = join_examples(examples, carried.examples)
    groups = [
        replace(group, verdict=_describe(group), why=explain_retrieval(group), cause=name_cause(group))
        for group in adjust_groups(groups, planned, plan.arms if plan is not None else ())
    ]
    return Report(
        name=name,
        made_at=made_at,
        commit=commit,
        summary=_summarise_all(groups, pooled),
        setups=setups,
        groups=groups,
        pooled=pooled,
        judges=[*(carried.judges if carried else ()), *judges],
        examples=examples,
        caveats=[*list_caveats(groups, setups), *(warn_of_carried(carried) if carried else ())],
        progress=progress,
    )


class _LeftOut(NamedTuple):
    """How many of the cases that runs set out with no contrast has, answered or not yet; 0 where it is not known."""

    n_unanswerable: int = 0
    n_without_sources: int = 0


def _count_left_out(setups: Sequence[RunSetup]) -> dict[Key, _LeftOut]:
    """By group; of several runs that with the most cases counts, as it does for their progress."""
    largest: dict[Key, TaskSetup] = {}
    for setup in setups:
        for task in setup.tasks:
            key = (setup.model, task.repo, task.task)
            if key not in largest or task.n_cases > largest[key].n_cases:
                largest[key] = task
    return {key: _LeftOut(task.n_unanswerable or 0, task.n_without_sources or 0) for key, task in largest.items()}


def _summarise(
    key: Key, all_results: Arms, answerable: Arms, progress: Progress, left_out: _LeftOut, seed: int
) -> Group:
    model, repo, task = key
    unanswerable = {case_id for own in all_results.values() for case_id, r in own.items() if r.is_unanswerable}
    n_cases = progress.n_cases - max(len(unanswerable), left_out.n_unanswerable)
    gains = []
    for arm, baseline in list_contrasts(list(answerable)):
        n_without = max(count_without_sources(answerable, arm), left_out.n_without_sources if is_oracle(arm) else 0)
        gain = compare_arms(pair_contrast(answerable, arm, baseline), n_cases - n_without, seed)
        gains += [replace(gain, n_without_sources=n_without)] if gain is not None else []
    n_samples = count_samples(answerable)
    figures = [summarise_arm(arm, list(own.values()), n_cases, n_samples) for arm, own in answerable.items()]
    return Group(
        model=model,
        repo=repo,
        task=task,
        n_cases=n_cases,
        n_files=len({result.cluster for own in answerable.values() for result in own.values()}),
        arms=figures,
        gains=gains,
        costs=weigh_costs(answerable, gains),
        measures=compare_measures(answerable, seed),
        slices=slice_cases(answerable, seed),
        follow_ups=find_follow_ups(answerable),
        gain_after_follow_up=compare_after_follow_ups(answerable, n_cases, seed),
        refusals=count_refusals(all_results),
        calibration=measure_confidence(all_results),
        grounding=judge_grounding(answerable),
        reasons=count_reasons(all_results, task),
        verdict="",
        why="",
        missing=describe_missing(progress, {arm: len(own) for arm, own in all_results.items()}),
    )


def _describe(group: Group) -> str:
    gain = group.gain(RETRIEVAL, NONE)
    if gain is None:
        return "No case was answered both with retrieval and without code, so there is nothing to compare."
    placebo = group.gain(RETRIEVAL, PLACEBO)
    return describe_gain(gain) + (f" {describe_gain(placebo)}" if placebo is not None else "")


def _summarise_all(groups: Sequence[Group], pooled: Sequence[PooledGain]) -> list[str]:
    lines = [f"{each.repo}, {each.model}: {describe_pooled(each)}" for each in pooled if each.baseline == NONE]
    for group in groups:
        gain = group.gain(RETRIEVAL, NONE)
        if gain is not None:
            lines.append(f"{group.task} on {group.repo}, {group.model}: {describe_gain(gain)}")
    return lines
