"""The task ``reasoning``: what does a function return for a call that was recorded while the repository's tests ran?

The function stands in the prompt; what it calls does not, so for half of the cases retrieval can help. The tests, which
hold the values, are not in the tree that is indexed, nor is the function's body: it would only be found again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eval.cases import Case, Score, Span
from eval.errors import HarvestError
from eval.tasks.base import Harvest, Scorer, Task, TaskInput
from eval.tasks.excerpts import describe_function, find_function, show_function
from eval.tasks.python_source import parse_python
from eval.tasks.repository.definitions import Definitions
from eval.tasks.repository.heldout import HeldOutRepository
from eval.tasks.repository.records import Function, TestRecord, ambiguous_keys
from eval.tasks.repository.tested import TestedRepository, open_tested_repository
from eval.tasks.repository.trial import Trials

from .choosing import (
    ALONE,
    MAX_FUNCTION_CHARS,
    WITH_HELPERS,
    Candidate,
    is_near_copy,
    kind_of_target,
    order_candidates,
    reason_against,
)
from .recording import Call, Target, record_calls, replay_calls
from .scoring import SCORING_VERSION, score_value

HARVEST_VERSION = 5  # raised when the same repository gives other cases, or hides more
_RECORDING_SECONDS = 120.0  # of tests, as they took without being watched


@dataclass(frozen=True, slots=True)
class ReasoningTask:
    """See the module."""

    name: str = "reasoning"
    version: int = 100 * HARVEST_VERSION + SCORING_VERSION
    description: str = "predicts what a call returns, with inputs from the repository's own tests (Python)"
    needs_repository: bool = True
    runs_code: bool = True  # the harvest runs the repository's tests
    max_tokens: int = 160
    default_limit: int = 60

    def harvest(self, given: TaskInput) -> Harvest:
        """Record calls, choose, make them again. Raises HarvestError where none is left."""
        repository = open_tested_repository(given)
        shown = {path: text for path, text in repository.checkout.texts.items() if path not in repository.test_files}
        targets = _find_targets(repository)
        limit = given.limit or self.default_limit
        folder = given.folder / repository.checkout.content
        left_out: Counter[str] = Counter()
        with Trials(repository) as trials:
            tests = _choose_tests(repository, [target.function for target in targets.values()])
            calls: list[Call] = []
            problem = ""
            if tests:
                given.on_progress(f"Recording calls of {len(targets)} functions in {len(tests)} tests")
                by = [repository.conditions, *sorted(targets), *(test.id for test in tests)]
                recorded = _keep(
                    folder / f"calls-{_digest(HARVEST_VERSION, by)}.json",
                    lambda: _as_json(*record_calls(trials, targets, tests, folder)),
                )
                calls, problem = [Call(**call) for call in recorded["calls"]], str(recorded["problem"])
            candidates = _judge(calls, targets, shown, left_out)
            chosen = order_candidates(candidates, given.seed)[:limit]
            repeated: set[str] = set()
            while again := [c.call for c in chosen if c.call.id not in repeated]:
                given.on_progress(f"Making {len(again)} of {len(calls)} calls again")
                problems = _replay(repository, trials, again, min(tests, key=lambda test: test.seconds), folder)
                left_out["did not repeat"] += len(problems)
                repeated |= {call.id for call in again}
                # Ordered anew: what has gone may have carried another answer's share.
                candidates = [c for c in candidates if c.call.id not in problems]
                chosen = order_candidates(candidates, given.seed)[:limit]
        held_out = HeldOutRepository(shown, folder, lambda function: set())
        hidden = {key: held_out.hide(targets[key].function) for key in dict.fromkeys(c.key for c in chosen)}
        cases = [_make_case(repository, candidate, *hidden[candidate.key]) for candidate in chosen]
        if not cases:
            raise HarvestError(
                f"{given.repo}: none of the {len(calls)} calls that its tests make of {len(targets)} functions can be "
                f"asked about ({_listed(left_out) or 'no function takes and returns plain values'}): give another "
                "--repo, or another task."
            )
        notes = [*repository.notes, *_notes(cases, calls, left_out, problem), *held_out.notes]
        return Harvest(cases, held_out.folder, notes, repository.environment)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Compares values; nothing is run."""
        return ReasoningScorer()


class ReasoningScorer(Scorer):
    """Equality of what was said and what was recorded."""

    is_verbatim = True  # a list of small numbers looks like a citation

    def score(self, case: Case, text: str) -> Score:
        """See ``scoring``."""
        return score_value(case, text)


def _keep(file: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``make`` gave the first time. Runs of tests differ, and a run that goes on needs the same cases again."""
    try:
        kept: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return kept
    except (OSError, ValueError):  # not there
        made = make()
    part = file.with_suffix(f".{os.getpid()}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps(made), "utf-8")
    part.replace(file)
    return made


def _replay(
    repository: TestedRepository, trials: Trials, calls: Sequence[Call], test: TestRecord, folder: Path
) -> dict[str, Any]:
    """Why calls make no case, by their ids: those that do not return the same again. Kept."""
    by = [repository.conditions, test.id, *(f"{call.id} {call.value}" for call in calls)]
    file = folder / f"replayed-{_digest(HARVEST_VERSION, by)}.json"
    return _keep(file, lambda: replay_calls(trials, calls, [test], folder))


def _as_json(calls: Sequence[Call], problem: str) -> dict[str, Any]:
    return {"calls": [asdict(call) for call in calls], "problem": problem}


def _digest(version: int, by: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps([version, *by]).encode()).hexdigest()[:16]


def _find_targets(repository: TestedRepository) -> dict[str, Target]:
    """Functions whose calls can be asked about, by key."""
    targets: dict[str, Target] = {}
    trees = {path: parse_python(repository.text_of(path)) for path in {f.path for f in repository.functions}}
    ambiguous = ambiguous_keys(repository.functions)
    for function in repository.functions:
        if function.key in ambiguous:
            continue  # which of its definitions a call is of, its name does not say
        tree = trees[function.path]
        found = find_function(tree, function.def_line) if tree is not None else None
        kind = kind_of_target(found) if found is not None else None
        if found is None or kind is None or not repository.is_own_code(function.path):
            continue
        if len(show_function(repository.text_of(function.path), found)) <= MAX_FUNCTION_CHARS:
            targets[function.key] = Target(function, kind, found)
    return targets


def _choose_tests(repository: TestedRepository, functions: Sequence[Function]) -> list[TestRecord]:
    """The tests that execute the functions: of each the quickest ones first, while the time lasts."""
    of_function = [repository.deciding_tests(function) for function in functions]
    chosen: dict[str, TestRecord] = {}
    seconds = 0.0
    for turn in range(max(map(len, of_function), default=0)):
        for tests in of_function:
            test = tests[turn] if turn < len(tests) else None
            if test is not None and test.id not in chosen and seconds + test.seconds <= _RECORDING_SECONDS:
                chosen[test.id] = test
                seconds += test.seconds
    return list(chosen.values())


def _judge(
    calls: Sequence[Call], targets: Mapping[str, Target], shown: Mapping[str, str], left_out: Counter[str]
) -> list[Candidate]:
    definitions = Definitions(shown)
    use_others = {key: bool(definitions.used_by(targets[key].function)) for key in dict.fromkeys(c.key for c in calls)}
    in_lower_case = [text.lower() for text in shown.values()]
    candidates = []
    for call in calls:
        target = targets[call.key]
        reason = reason_against(call) or ("shown as an example" if is_near_copy(call, in_lower_case) else "")
        if reason:
            left_out[reason] += 1
            continue
        candidates.append(Candidate(target.function, target.found, call, use_others[call.key]))
    return candidates


def _make_case(repository: TestedRepository, candidate: Candidate, ref: str, sources: Sequence[Span]) -> Case:
    call, found = candidate.call, candidate.found
    source = show_function(repository.text_of(call.path), found)
    prompt = (
        f"This function stands in `{call.path}`:\n\n```python\n{source}\n```\n\n"
        f"What does `{call.expression}` return? Answer with the value only, in backticks."
    )
    return Case(
        id=hashlib.sha256(f"{call.id}\0{call.value}".encode()).hexdigest()[:12],
        task="reasoning",
        kind=candidate.kind,
        path=call.path,
        prompt=prompt,
        query=describe_function(found),
        sources=sources,
        ref=ref,
        language="python",
        purpose="answer",
        data={
            "function": candidate.function.key,
            "name": call.name,
            "call": call.expression,
            "arguments": list(call.arguments),
            "value": call.value,
            "test": call.test,
        },
    )


def _notes(cases: Sequence[Case], calls: Sequence[Call], left_out: Counter[str], problem: str) -> list[str]:
    kinds = Counter(case.kind for case in cases)
    notes = [
        f"{len(calls)} calls were recorded; left out: {_listed(left_out) or 'none'}, and what exceeds an answer's or a "
        "function's share",
        "all tests are left out of the index: they hold the values",
    ]
    if problem:
        notes.append(f"some tests were not recorded: {problem}")
    if kinds[WITH_HELPERS] < kinds[ALONE]:
        notes.append(f"only {kinds[WITH_HELPERS]} of {len(cases)} cases are of functions that use others")
    return notes


def _listed(left_out: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in left_out.most_common() if count)


TASK: Task = ReasoningTask()
