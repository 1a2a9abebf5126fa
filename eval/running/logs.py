"""Reads a run folder again: what reports and comparisons are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.cases import Attempt, Result, Score, ShownPassage
from eval.errors import UnreadableRun
from eval.files import read_record

from .folder import RunFolder
from .records import RunSetup


def read_run(path: Path) -> tuple[RunSetup, list[Result]]:
    """The set-up, and the latest result of each case and arm: by repository and task, case by case, arms in order.

    What of the cases the set-up counts is counted here, from the folder's own.
    Verdicts by other code, or of tests in another environment, than the latest start's are left out.
    Raises UnreadableRun for a folder without a run, a damaged log, or one of another version.
    """
    folder = RunFolder(path)
    setup = folder.read_setup()
    from .inspection import read_logs

    latest: dict[tuple[str, str, str, str], Result] = {}
    scored_by = {(task.repo, task.task): task.scored_by for task in setup.tasks}
    for log in read_logs(folder.logs):
        if scored_by.get((log.repo, log.task)) and log.scored_by != scored_by[log.repo, log.task]:
            continue
        for fields in log.results:
            try:
                result = to_result(fields)
            except (TypeError, KeyError) as error:
                raise UnreadableRun(
                    f"{log.path} was written by another version of Quarry: run the evaluation again into another --out."
                ) from error
            key = (result.repo, result.task, result.case_id, result.arm)
            # An error that was an answer before is the later one's bad luck: what is known is kept.
            if result.score.verdict != "error" or key not in latest:
                latest[key] = result
    arms = {arm: number for number, arm in enumerate(setup.arms)}
    places = {(task.repo, task.task): number for number, task in enumerate(setup.tasks)}
    order: dict[tuple[str, str, str], int] = {}
    tasks = []
    for task in setup.tasks:
        cases = folder.read_cases(task.repo, task.task)
        order |= {(task.repo, task.task, case.id): number for number, case in enumerate(cases)}
        answerable = [case for case in cases if not case.is_unanswerable]
        n_without_sources = sum(not case.sources for case in answerable)
        n_unanswerable = len(cases) - len(answerable)
        tasks.append(replace(task, n_unanswerable=n_unanswerable, n_without_sources=n_without_sources))

    def rank(result: Result) -> tuple[int, int, int]:
        place = places.get((result.repo, result.task), len(places))
        number = order.get((result.repo, result.task, result.case_id), len(order))
        return place, number, arms.get(result.arm, len(arms))

    return replace(setup, tasks=tasks), sorted(latest.values(), key=rank)


def to_result(fields: Mapping[str, Any]) -> Result:
    """A result from what was stored. Fields that are not known are passed over. Raises TypeError or KeyError."""
    attempts = [read_record(Attempt, each, score=read_record(Score, each["score"])) for each in fields["attempts"]]
    passages = [read_record(ShownPassage, each) for each in fields["passages"]]
    score = read_record(Score, fields["score"])
    return read_record(Result, fields, score=score, attempts=attempts, passages=passages)
