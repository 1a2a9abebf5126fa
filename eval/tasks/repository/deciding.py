"""Which functions count: those whose tests pass as they are and fail without the body.

Found by trying. What each function's trials said is kept at once, so that a harvest that was killed goes on.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from eval.files import add_to_journal, open_journal, read_sound

from .placing import cut_body
from .records import Function, TestRecord
from .tested import TestedRepository
from .trial import Trials
from .working_copy import is_written_as_read

CHECK_VERSION = 1  # raised when the same function may count otherwise
_OUT_OF_TIME = "its tests did not end in time by themselves"
_N_WORKERS = 2  # copies in which functions are tried at the same time


@dataclass(frozen=True, slots=True)
class Decided:
    """A function, and the tests that decide whether a body of it is right."""

    function: Function
    tests: Sequence[TestRecord]


def confirm(
    repository: TestedRepository, functions: Sequence[Function], limit: int, on_progress: Callable[[str], None]
) -> tuple[list[Decided], Counter[str]]:
    """The first ``limit`` of ``functions`` that count, in their order, and how many others did not, by reason.

    No more of them are tried than needed. Raises SandboxError.
    """
    checks = _Checks(repository)
    found: list[Decided] = []
    reasons: Counter[str] = Counter()
    covered = []
    top = repository.checkout.folder
    paths = {function.path for function in functions}
    readable = {path for path in paths if is_written_as_read(top / path, repository.text_of(path))}
    for function in functions:
        if not repository.deciding_tests(function):
            reasons["executed by no test that passes"] += 1
        elif function.path not in readable:
            reasons["in a file that is not UTF-8"] += 1
        else:
            covered.append(function)
    left = iter(covered)
    n_tried = 0
    workers = [Trials(repository) for _ in range(_N_WORKERS)]
    try:
        with ThreadPoolExecutor(_N_WORKERS) as pool:
            while len(found) < limit and (block := list(islice(left, _N_WORKERS))):
                answers = list(pool.map(checks.check, block, workers))
                for function, (reason, tests) in zip(block, answers, strict=False):
                    if reason:
                        reasons[reason] += 1
                    elif len(found) < limit:
                        found.append(Decided(function, tests))
                n_tried += len(block)
                if n_tried % 10 < _N_WORKERS:
                    on_progress(f"tried {n_tried} of {len(covered)} covered functions: the tests decide {len(found)}")
    finally:
        for worker in workers:
            worker.close()
    return found, reasons


class _Checks:
    """What was found out, now and before, by function and tests. Used by several threads."""

    def __init__(self, repository: TestedRepository) -> None:
        self._repository = repository
        self._kept = repository.folder / f"checks-{repository.conditions}-{CHECK_VERSION}.jsonl"
        open_journal(self._kept)
        self._known = {
            str(read["key"]): (str(read["reason"]), frozenset(read["tests"]))
            for read in read_sound(self._kept, ("key", "reason", "tests"))
        }
        self._writing = threading.Lock()

    def check(self, function: Function, trials: Trials) -> tuple[str, list[TestRecord]]:
        """Why a function does not count (empty: it does), and the tests that decide."""
        tests = self._repository.deciding_tests(function)
        digest = hashlib.sha256("\n".join([function.key, *(test.id for test in tests)]).encode()).hexdigest()[:20]
        if digest in self._known:
            reason, ids = self._known[digest]
            return reason, [test for test in tests if test.id in ids]
        reason, tests = self._try(function, tests, trials)
        if reason != _OUT_OF_TIME:  # which a busy machine may have caused: tried again the next time
            ids = frozenset(test.id for test in tests)
            with self._writing:
                self._known[digest] = reason, ids
                add_to_journal(self._kept, {"key": digest, "reason": reason, "tests": sorted(ids)})
        return reason, tests

    def _try(self, function: Function, tests: list[TestRecord], trials: Trials) -> tuple[str, list[TestRecord]]:
        report = trials.run(tests)
        if report.timed_out:
            return _OUT_OF_TIME, []
        if report.problem:
            return "its tests do not run by themselves", []
        passing = {test.id for test in report.tests if test.outcome == "passed"}
        tests = [test for test in tests if test.id in passing]
        if not tests:
            return "its tests fail when they run by themselves", []
        stub = cut_body(self._repository.text_of(function.path), function)
        for reason in ("its tests pass without its body", "its tests fail without its body now and then only"):
            if trials.try_text(function.path, stub, tests).passed:
                return reason, []
        return "", tests
