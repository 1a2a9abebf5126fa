"""Which answers are shown side by side: the best gains of retrieval and its worst losses, not the prettiest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from math import log

from eval.cases import Result
from eval.tasks.ordering import take_turns

from .figures import NONE, RETRIEVAL, Arms, Key, pair_results
from .records import Example

N_EACH = 10


def choose_examples(by_group: Mapping[Key, Arms]) -> list[Example]:
    """Ten gains and ten losses of retrieval against none, the groups in turn so that no task fills the list.

    Within a group the largest change comes first: in the verdict, then in a measured speed-up; equal ones in the order
    of a hash of the case's id, so that nobody chooses.
    """
    chosen = []
    for sign in (1, -1):
        queues = []
        for arms in by_group.values():
            pairs = pair_results(arms.get(RETRIEVAL, {}), arms.get(NONE, {}))
            changed = [(sign * _change(after, before), after) for after, before in pairs]
            ranked = sorted((-size, _hash(after), after) for size, after in changed if size > 0)
            queues.append([after for _, _, after in ranked])
        chosen += [_make(result, sign > 0) for result in list(take_turns(queues))[:N_EACH]]
    return chosen


def join_examples(chosen: Sequence[Example], earlier: Sequence[Example]) -> list[Example]:
    """As many as a report shows, gains and then losses: the ``chosen`` ones first, filled up with ``earlier`` ones."""
    joined = [*chosen, *earlier]
    return [each for sign in (True, False) for each in [own for own in joined if own.is_gain is sign][:N_EACH]]


def _change(after: Result, before: Result) -> float:
    verdict = int(after.score.is_correct) - int(before.score.is_correct)
    if verdict:
        return float(verdict)
    speeds = [_find_speed(result) for result in (after, before)]
    # A speed-up of e times as much counts half as much as a verdict at most.
    return max(-0.5, min(0.5, (log(speeds[0]) - log(speeds[1])) / 2)) if min(speeds) > 0 else 0.0


def _find_speed(result: Result) -> float:
    return next((value for name, value in result.score.measures.items() if name.startswith("speedup")), 0.0)


def _hash(result: Result) -> str:
    return hashlib.sha256(f"{result.model} {result.repo} {result.task} {result.case_id}".encode()).hexdigest()


def _make(result: Result, is_gain: bool) -> Example:
    return Example(
        model=result.model,
        repo=result.repo,
        task=result.task,
        case_id=result.case_id,
        kind=result.kind,
        path=result.path,
        arm=RETRIEVAL,
        baseline=NONE,
        is_gain=is_gain,
        found_sources=result.found_sources,
    )
