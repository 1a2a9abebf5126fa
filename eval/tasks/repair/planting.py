"""Finds bugs that a repository's own tests notice: plants one after another and keeps those that make a test fail.

What each trial said is kept, so that an interrupted harvest, or one for more cases, begins where the last one ended.
"""

from __future__ import annotations

import ast
import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from eval.errors import TestsNotFound
from eval.files import add_to_journal, open_journal, read_record, read_sound
from eval.tables import count_noun
from eval.tasks.python_source import parse_python
from eval.tasks.repository.records import Function, TestRecord, Trial, ambiguous_keys
from eval.tasks.repository.tested import TestedRepository
from eval.tasks.repository.trial import Trials

from .mutation import MUTATION_VERSION, Mutation, find_mutations
from .operators import KINDS

MAX_CHARS = 2500  # of a function: its correction must fit into an answer
_MIN_BODY_LINES, _MAX_BODY_LINES = 2, 45
_MAX_OF_FUNCTION = 3  # cases: those of one function are hardly independent
_TRIALS_A_TURN = 8  # until the next kind has its turn: some bugs are rarely noticed
_TRIALS_A_CASE = 10  # in all: where tests notice little, more would take hours


@dataclass(frozen=True, slots=True)
class PlantedBug:
    """A bug that a test notices. ``trial`` is what the tests said of it."""

    function: Function
    mutation: Mutation
    trial: Trial


@dataclass(frozen=True, slots=True)
class _Candidate:
    function: Function
    mutation: Mutation


def plant_bugs(
    repository: TestedRepository,
    trials: Trials,
    functions: Sequence[Function],
    seed: int,
    limit: int,
    kept: Path,
    on_progress: Callable[[str], None],
) -> tuple[list[PlantedBug], list[str]]:
    """Up to ``limit`` bugs, kinds in turns, spread over functions and files; and notes on what was left out.

    ``kept`` is the file in which the trials' outcomes stay.
    """
    planter = _Planter(repository, trials, kept)
    ambiguous = ambiguous_keys(repository.functions)  # an answer would not be put where the bug is
    waiting = _gather(repository, functions, ambiguous, seed)
    kinds = [kind for kind in KINDS if waiting[kind]]
    random.Random(f"{seed}/kinds").shuffle(kinds)
    found: list[PlantedBug] = []
    of_function: Counter[str] = Counter()
    of_file: Counter[str] = Counter()
    while kinds and len(found) < limit and planter.n_tried < _TRIALS_A_CASE * limit:
        for kind in list(kinds):
            if len(found) >= limit:
                break
            for _ in range(_TRIALS_A_TURN):
                open_ones = [each for each in waiting[kind] if of_function[each.function.key] < _MAX_OF_FUNCTION]
                if not open_ones:
                    kinds.remove(kind)
                    break
                # The first of those least asked about: the order within a kind is the seed's.
                chosen = min(open_ones, key=lambda c: (of_function[c.function.key], of_file[c.function.path]))
                waiting[kind] = [each for each in open_ones if each is not chosen]
                bug = planter.plant(chosen)
                if bug is not None:
                    found.append(bug)
                    of_function[chosen.function.key] += 1
                    of_file[chosen.function.path] += 1
                    on_progress(f"Planting bugs: {len(found)} of {limit} noticed by tests, {planter.n_tried} tried")
                    break
    notes = planter.notes()
    if n_ambiguous := len(ambiguous & {function.key for function in functions}):
        notes.append(f"{count_noun(n_ambiguous, 'name')} of functions left out that their file defines more than once")
    return found, notes


def can_hold_bug(repository: TestedRepository, function: Function) -> bool:
    """Whether a bug is tried in a function: its size fits an answer, and passing tests execute its body."""
    lines = repository.text_of(function.path).split("\n")[function.start_line - 1 : function.end_line]
    return (
        _MIN_BODY_LINES <= function.n_body_lines <= _MAX_BODY_LINES
        and sum(len(line) + 1 for line in lines) <= MAX_CHARS
        and bool(repository.deciding_tests(function))
    )


def _gather(
    repository: TestedRepository, functions: Sequence[Function], ambiguous: set[str], seed: int
) -> dict[str, list[_Candidate]]:
    """Mutations of executed lines by kind. Each kind's list has one of every function, then a second one, and so on.

    Functions whose key is ``ambiguous`` have their place in the order, so that it is the same without them.
    """
    by_path: dict[str, list[Function]] = defaultdict(list)
    for function in functions:
        by_path[function.path].append(function)
    ranks = sorted(function.key for function in functions)
    random.Random(f"{seed}/functions").shuffle(ranks)
    rank_of = {key: rank for rank, key in enumerate(ranks)}
    by_kind: dict[str, list[tuple[int, int, _Candidate]]] = {kind: [] for kind in KINDS}
    for path, of_file in by_path.items():
        text = repository.text_of(path)
        tree = parse_python(text)
        covered = {line for function in of_file for line in repository.covered_lines(function)}
        executed = _executed_statements(tree, covered)
        for function in (each for each in of_file if each.key not in ambiguous):
            turns: Counter[str] = Counter()
            for mutation in find_mutations(text, function.def_line, f"{seed}/{function.key}", tree):
                if mutation.line in executed:
                    place = (turns[mutation.kind], rank_of[function.key], _Candidate(function, mutation))
                    by_kind[mutation.kind].append(place)
                    turns[mutation.kind] += 1
    return {kind: [each[2] for each in sorted(listed, key=lambda e: e[:2])] for kind, listed in by_kind.items()}


def _executed_statements(tree: ast.Module | None, covered: set[int]) -> set[int]:
    """All lines of the statements of which a line was executed, those of compound ones up to their body."""
    lines: set[int] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.stmt | ast.excepthandler):
            body = getattr(node, "body", None)
            end = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
            own = range(node.lineno, end + 1)
            if covered.intersection(own):
                lines.update(own)
    return lines


class _Planter:
    """Tries bugs, and remembers what was tried."""

    def __init__(self, repository: TestedRepository, trials: Trials, kept: Path) -> None:
        self._repository, self._trials, self._kept = repository, trials, kept
        open_journal(kept)
        names = ("key", *(field.name for field in fields(Trial)))
        self._known = {str(read["key"]): read_record(Trial, read) for read in read_sound(kept, names)}
        self._is_sound: dict[str, bool] = {}
        self._counts: Counter[str] = Counter()

    @property
    def n_tried(self) -> int:
        """How many bugs were tried, now or before."""
        return sum(self._counts.values())

    def plant(self, candidate: _Candidate) -> PlantedBug | None:
        """The bug, if tests notice it; None too where the function's tests fail without it."""
        function = candidate.function
        original = self._repository.text_of(function.path)
        tests = self._repository.deciding_tests(function)
        if function.key not in self._is_sound:
            self._is_sound[function.key] = self._try(function.path, original, tests).passed
        if not self._is_sound[function.key]:
            return None
        trial = self._try(function.path, candidate.mutation.apply(original), tests)
        # A time-out says nothing of where the bug is; a run without a test that failed says nothing at all.
        reason = "noticed by no test" if trial.passed else "made tests hang" if trial.timed_out else ""
        if not reason and not (trial.failed_test and trial.message.strip()):
            reason = "ended the tests' process"
        self._counts[reason] += 1
        return None if reason else PlantedBug(function, candidate.mutation, trial)

    def notes(self) -> list[str]:
        """What was tried and left out, for the user."""
        n_unsound = sum(not sound for sound in self._is_sound.values())
        left_out = ", ".join(f"{count} {reason}" for reason, count in self._counts.most_common() if reason)
        notes = [f"{self.n_tried} bugs were planted; left out: {left_out or 'none'}"]
        if n_unsound:
            notes.append(f"{n_unsound} functions were left out whose tests fail without any change")
        return notes

    def _try(self, path: str, text: str, tests: Sequence[TestRecord]) -> Trial:
        given = "\0".join([str(MUTATION_VERSION), path, text, *(test.id for test in tests)])
        key = hashlib.sha256(given.encode()).hexdigest()[:24]
        if key not in self._known:
            try:
                self._known[key] = self._trials.try_text(path, text, tests)
            except TestsNotFound as error:  # their names change from run to run: they decide nothing
                self._known[key] = Trial(False, "", str(error), False, len(tests), 0.0)
            add_to_journal(self._kept, {"key": key, **asdict(self._known[key])})
        return self._known[key]
