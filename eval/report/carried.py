"""Figures that are taken over from an earlier report, since what each of their cases found is not at hand any more.

They stand as they were; only Holm's p, which hangs on all that is compared, is computed anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from eval.errors import RunMismatch
from eval.judging.records import JudgeFigures
from eval.running.records import RunSetup

from .figures import CONTRASTS, Key, is_pooled, part_by
from .records import Example, Group, PooledGain, Progress, Report


def key_of_group(group: Group | Progress | Example | JudgeFigures) -> Key:
    """The model, repository and task that the figures belong to."""
    return group.model, group.repo, group.task


def carry(report: Report, answered: Mapping[Key, Collection[str]]) -> Report:
    """The part of an earlier ``report`` that no result speaks for. ``answered`` are the arms of what results speak for.

    Raises RunMismatch where an arm of the earlier figures would be lost by taking the results in their place.
    """
    for group in report.groups:
        arms = answered.get(key_of_group(group))
        lost = [arm.arm for arm in group.arms if arms is not None and arm.arm not in arms]
        if lost:
            raise RunMismatch(
                f"{group.task} on {group.repo} with {group.model}: the earlier figures have {', '.join(lost)}, which "
                "the runs lack, and cannot be put together with them without their cases. Run all its arms."
            )
    groups = [group for group in report.groups if key_of_group(group) not in answered]
    keys = {key_of_group(group) for group in groups}
    return replace(
        report,
        groups=groups,
        pooled=[each for each in report.pooled if all((each.model, each.repo, task) in keys for task in each.tasks)],
        setups=[setup for each in report.setups if (setup := _keep_tasks(each, keys)).tasks],
        examples=[each for each in report.examples if key_of_group(each) in keys],
        judges=[each for each in report.judges if key_of_group(each) in keys],
        progress=[each for each in report.progress if key_of_group(each) in keys],
    )


def carry_progress(progress: Sequence[Progress], carried: Report) -> list[Progress]:
    """The cells, with what the earlier report had answered of its own."""
    earlier = {key_of_group(each): each.answered for each in carried.progress}
    return [replace(each, answered={**each.answered, **earlier.get(key_of_group(each), {})}) for each in progress]


def pool_with_carried(groups: Sequence[Group], pooled: Sequence[PooledGain], carried: Report) -> list[PooledGain]:
    """The mean of each repository's gains over all its tasks; of tasks old and new without an interval, which takes
    the cases of all."""
    found: list[PooledGain] = []
    for (model, repo), own in part_by(groups, lambda group: (group.model, group.repo)).items():
        for arm, baseline in CONTRASTS[:2]:
            of_tasks = {group.task: group.gain(arm, baseline) for group in own if is_pooled(repo, group.task)}
            gains = {task: gain for task, gain in of_tasks.items() if gain is not None}
            known = [
                each
                for each in (*pooled, *carried.pooled)
                if (each.model, each.repo, each.arm, each.baseline) == (model, repo, arm, baseline)
                and set(each.tasks) == set(gains)
            ]
            if known:
                found.append(known[0])
            elif len(gains) > 1:
                found.append(
                    PooledGain(
                        model=model,
                        repo=repo,
                        arm=arm,
                        baseline=baseline,
                        tasks=list(gains),
                        n_pairs=sum(gain.n_pairs for gain in gains.values()),
                        difference=fmean(gain.difference for gain in gains.values()),
                        interval=None,
                    )
                )
    return found


def warn_of_carried(carried: Report) -> list[str]:
    """Which figures were not recomputed."""
    if not carried.groups:
        return []
    named = ", ".join(f"{group.task} on {group.repo} by {group.model.rpartition('/')[2]}" for group in carried.groups)
    return [
        f"Some figures are taken over from an earlier report ({carried.name}) whose cases were not published: {named}. "
        "Only their adjusted p is recomputed, and a mean over old and new tasks has no interval."
    ]


def _keep_tasks(setup: RunSetup, keys: Collection[Key]) -> RunSetup:
    return replace(setup, tasks=[task for task in setup.tasks if (setup.model, task.repo, task.task) in keys])
