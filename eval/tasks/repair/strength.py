"""How well the tests of a function decide: which of a few bugs, planted in the original, they notice.

Tests that notice few may let a wrong answer pass. What each trial said is kept, so that it is tried once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from eval.errors import TestsNotFound
from eval.files import add_to_journal, open_journal, read_sound
from eval.tasks.repository.deciding import Decided
from eval.tasks.repository.records import TestRecord, Trial
from eval.tasks.repository.tested import TestedRepository
from eval.tasks.repository.trial import Trials

from .mutation import MUTATION_VERSION, find_mutations

MAX_MUTANTS = 5  # of a function: each is a run of its tests
_N_WORKERS = 2  # copies in which mutants are tried at the same time
_TOLD_EVERY = 10  # trials


@dataclass(frozen=True, slots=True)
class Strength:
    """How many mutants of a function were tried, and how many its tests did not pass (``n_killed``)."""

    n_mutants: int
    n_killed: int

    @property
    def is_half(self) -> bool:
        """Whether at least half of them were noticed."""
        return 2 * self.n_killed >= self.n_mutants


@dataclass(frozen=True, slots=True)
class _Mutant:
    """A changed file, and the tests that should notice. ``key`` names its verdict among those that are kept."""

    function: str
    path: str
    text: str
    tests: Sequence[TestRecord]
    key: str


def measure_strength(
    repository: TestedRepository,
    decided: Sequence[Decided],
    seed: int,
    on_progress: Callable[[str], None],
    open_trials: Callable[[TestedRepository], Trials] = Trials,
) -> dict[str, Strength]:
    """The strength of each function's tests, by its key: of up to ``MAX_MUTANTS``, as far as may be of other kinds.

    A mutant that makes tests hang or end otherwise than by passing is noticed. A time-out, which a busy machine can
    cause, is tried again by the next harvest. One whose tests are not found again does not count. Raises SandboxError.
    """
    kept = repository.folder / f"mutants-{repository.conditions}.jsonl"
    mutants = [mutant for each in decided for mutant in _mutants_of(repository, each, seed)]
    open_journal(kept)
    known = {str(read["key"]): bool(read["killed"]) for read in read_sound(kept, ("key", "killed"))}
    waiting = [mutant for mutant in mutants if mutant.key not in known]
    for number, (mutant, trial) in enumerate(_try_all(repository, waiting, open_trials), 1):
        if trial is not None:
            known[mutant.key] = not trial.passed
            if not trial.timed_out:
                add_to_journal(kept, {"key": mutant.key, "killed": not trial.passed})
        if number % _TOLD_EVERY == 0 or number == len(waiting):
            on_progress(f"planted {number} of {len(waiting)} changes to see whether the deciding tests notice")
    killed = {
        each.function.key: [known[m.key] for m in mutants if m.function == each.function.key and m.key in known]
        for each in decided
    }
    return {key: Strength(len(verdicts), sum(verdicts)) for key, verdicts in killed.items()}


def describe_strength(strengths: Mapping[str, Strength]) -> str:
    """One line for the user, empty where no change could be planted."""
    counted = [strength for strength in strengths.values() if strength.n_mutants]
    if not counted:
        return ""
    n_killed, n_mutants = sum(each.n_killed for each in counted), sum(each.n_mutants for each in counted)
    n_weak = sum(not each.is_half for each in counted)
    return (
        f"The deciding tests caught {n_killed} of {n_mutants} planted changes; in {n_weak} of {len(counted)} cases "
        "they caught fewer than half."
    )


def _mutants_of(repository: TestedRepository, decided: Decided, seed: int) -> Iterator[_Mutant]:
    function, text = decided.function, repository.text_of(decided.function.path)
    chosen = find_mutations(text, function.def_line, f"{seed}/{function.key}")[:MAX_MUTANTS]  # kinds in turns
    for mutation in chosen:
        changed = mutation.apply(text)
        given = "\0".join([str(MUTATION_VERSION), function.path, changed, *(test.id for test in decided.tests)])
        key = hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        yield _Mutant(function.key, function.path, changed, decided.tests, key)


def _try_all(
    repository: TestedRepository, mutants: Sequence[_Mutant], open_trials: Callable[[TestedRepository], Trials]
) -> Iterator[tuple[_Mutant, Trial | None]]:
    """Each mutant with what the tests said."""
    workers = [open_trials(repository) for _ in range(_N_WORKERS if mutants else 0)]
    try:
        with ThreadPoolExecutor(_N_WORKERS) as pool:
            for start in range(0, len(mutants), _N_WORKERS):
                block = mutants[start : start + _N_WORKERS]
                yield from zip(block, pool.map(_try, block, workers), strict=True)
    finally:
        for worker in workers:
            worker.close()


def _try(mutant: _Mutant, trials: Trials) -> Trial | None:
    """None where the tests' names change from run to run: they decide nothing then."""
    try:
        return trials.try_text(mutant.path, mutant.text, mutant.tests)
    except TestsNotFound:
        return None
