"""Which tests execute which function: the repository's tests run once, with coverage told apart by test.

A test that hangs ends its run and is left out of the next one, which goes on after it. What fails on the unchanged
repository decides nothing. Each is named in the notes with what it lacks: a package, the network.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import coverage

from eval.errors import EnvironmentFailed, HarvestError
from eval.files import read_kept, write_whole
from eval.sandbox import Sandbox
from eval.tables import count_noun

from .environment import Environment, has_deep_root
from .records import Function, TestRecord
from .running import NO_TESTS, RunWishes, last_error, own_options, run_tests
from .working_copy import WorkingCopy

_VERSION = 2  # raised when the same repository gives another map
_FORMER_VERSION = 1  # whose maps are the same but for what ``_is_mapped_otherwise`` says: runs stand on them
# What version 1 says of tests that may have ended it too early, or that lacked what plugins have.
_MENDED = re.compile(
    r"h[ua]ng or end|fixture '(cache|cov|no_cover|worker_id|testrun_uid)' not found|PytestUnknownMarkWarning"
    r"|PytestConfigWarning|not found in `markers`"
)
_TEST_SECONDS = 20.0  # a test that takes longer is of no use to decide hundreds of answers
_IMPORT_SECONDS = 60.0
_RUN_SECONDS = 900.0
_MAX_RUNS = 12  # of which each but the first begins after a test that hung
_MAX_NAMED = 3
_HANGS = "importing it takes too long"
_REMEDY = "give an interpreter that has what they need with --python, or another --repo"
NOTHING_FOUND = "The repository has no tests that pytest finds: they decide this task, so give another --repo."
_NETWORK = re.compile(
    r"gaierror|Name or service not known|Temporary failure in name resolution|Network is unreachable"
    r"|Failed to resolve|ConnectionRefused|Connection refused|ConnectError|NewConnectionError",
    re.I,
)
_MISSING = re.compile(r"No module named '?([\w.]+)'?")


@dataclass(frozen=True, slots=True)
class CoverageMap:
    """``tests`` by id; ``covering``: for each function's key the ids of the tests that execute its body.

    ``lines``: for each function's key the lines of its body that some test executes. ``sharing``: for each function's
    key the files of tests that take a fixture whose set-up executes it, which counts for the first of them alone; empty
    in maps that were kept before this was told.
    """

    tests: Mapping[str, TestRecord]
    covering: Mapping[str, Sequence[str]]
    lines: Mapping[str, Sequence[int]]
    notes: Sequence[str]
    sharing: Mapping[str, Sequence[str]] = field(default_factory=dict)


def map_file(folder: Path, conditions: str, checkout: Path) -> Path:
    """Where in ``folder`` the map of the repository at ``checkout`` is kept, as tests end under these conditions."""
    former, kept = (folder / f"coverage-{conditions}-{version}.json" for version in (_FORMER_VERSION, _VERSION))
    return kept if kept.exists() or _is_mapped_otherwise(former, checkout) else former


def _is_mapped_otherwise(former: Path, checkout: Path) -> bool:
    """Whether there is no map in the file ``former``, or the repository may have another one today.

    Such are those with options that were dropped, modules that were imported from elsewhere, a folder above that made
    all code look like tests, or tests of which ``_MENDED`` tells.
    """
    known = _load(former)
    if known is None or has_deep_root(checkout) or {"test", "tests"} & set(former.parts):
        return True
    if any(option.startswith(("--ignore", "--deselect")) for option in own_options(checkout)):
        return True
    return any(_MENDED.search(text) for text in (*known.notes, *(test.message for test in known.tests.values())))


def map_coverage(
    sandbox: Sandbox,
    environment: Environment,
    copy: WorkingCopy,
    functions: Sequence[Function],
    kept: Path,
    on_progress: Callable[[str], None],
) -> CoverageMap:
    """Run all tests in ``copy``, or read what ``kept`` holds of an earlier run.

    Raises HarvestError where no test passes, EnvironmentFailed where none could even start.
    """
    if (known := _load(kept)) is not None:
        return known
    on_progress("running the repository's tests once, to see which functions they execute")
    tests: dict[str, TestRecord] = {}
    executed: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    unusable: dict[str, str] = {}
    hung: list[str] = []
    collected: set[str] = set()
    users: dict[str, set[str]] = defaultdict(set)
    problem, output = "", ""
    left = _RUN_SECONDS
    for _ in range(_MAX_RUNS):
        wishes = RunWishes(
            skip=[*tests, *hung], ignore=[path for path, why in unusable.items() if why == _HANGS],
            test_seconds=_TEST_SECONDS, import_seconds=_IMPORT_SECONDS, seconds=left, stop_at_first=False,
            coverage=True, compile=True,
        )  # fmt: skip
        report, collection = run_tests(sandbox, environment, copy, wishes)
        problem, output = report.problem, report.output
        tests |= {test.id: test for test in report.tests}
        unusable |= dict(collection.unusable)
        collected |= set(collection.tests)
        for name, files in collection.users.items():
            users[name].update(files)
        _read_coverage(copy.out / "coverage.sqlite", executed)
        left -= report.seconds
        on_progress(f"{count_noun(len(tests), 'test')} ran in {_RUN_SECONDS - left:.0f} s")
        if not report.hung or left <= 1:
            break
        if "::" in report.hung:
            hung.append(report.hung)
        else:
            unusable[report.hung] = _HANGS
        copy.restore()
    _check(tests, unusable, hung, problem, output)
    never_ran = collected - tests.keys() - set(hung)
    notes = _describe(tests, unusable, hung)
    if (left <= 1 or report.hung) and (never_ran or not collected):
        when = f"{_RUN_SECONDS:.0f} s" if left <= 1 else f"{_MAX_RUNS} starts, each ended by a test or a file of tests"
        what = f"{count_noun(len(never_ran), 'test')} never ran and decide" if never_ran else "what did not run decides"
        notes.append(f"The tests were stopped after {when}: {what} nothing.")
    covering, lines, sharing = _by_function(functions, executed, tests, users)
    found = CoverageMap(tests, covering, lines, notes, sharing)
    _store(kept, found)
    return found


def _read_coverage(data_file: Path, executed: dict[str, dict[int, set[str]]]) -> None:
    """Add the lines and tests of one run to ``executed``, by path."""
    if not data_file.is_file():
        return
    data = coverage.CoverageData(str(data_file))
    try:
        data.read()
        for path in data.measured_files():
            for line, contexts in data.contexts_by_lineno(path).items():
                executed[path][line].update(context for context in contexts if context)
    except coverage.CoverageException:  # of a process that was killed while it wrote
        return
    finally:
        data.close()


def _by_function(
    functions: Sequence[Function],
    executed: Mapping[str, Mapping[int, set[str]]],
    tests: Mapping[str, TestRecord],
    users: Mapping[str, set[str]],
) -> tuple[dict[str, list[str]], dict[str, list[int]], dict[str, list[str]]]:
    """``covering``, ``lines`` and ``sharing`` of the map. ``users``: of each fixture the files that take it."""
    covering: dict[str, list[str]] = {}
    lines: dict[str, list[int]] = {}
    sharing: dict[str, list[str]] = {}
    for function in functions:
        in_file = executed.get(function.path, {})
        body = [n for n in range(function.body_start_line, function.end_line + 1) if in_file.get(n)]
        contexts = [context.partition("\n") for context in {each for line in body for each in in_file[line]}]
        ids = {test for test, _, _ in contexts}
        if ids:
            covering[function.key] = [test for test in tests if test in ids]
            lines[function.key] = body
        if files := {file for _, _, fixture in contexts for file in users.get(fixture, ())}:
            sharing[function.key] = sorted(files)
    return covering, lines, sharing


def _check(
    tests: Mapping[str, TestRecord], unusable: Mapping[str, str], hung: Sequence[str], problem: str, output: str
) -> None:
    """Raise for a repository whose tests decide nothing, with what it lacks."""
    if any(test.outcome == "passed" for test in tests.values()):
        return
    missing = sorted({name for message in unusable.values() for name in _MISSING.findall(last_error(message))})
    missing = missing or sorted(set(_MISSING.findall(problem)))
    if missing:
        raise EnvironmentFailed(
            f"The repository's tests need {_listed(missing)}, which the environment does not have: install it and give "
            "that interpreter with --python."
        )
    if unusable:
        path, message = next(iter(unusable.items()))
        raise EnvironmentFailed(f"pytest cannot read the repository's tests: {_REMEDY}. {path}: {last_error(message)}")
    if tests:
        first = next((test for test in tests.values() if test.outcome == "failed"), None)
        why = f" The first: {first.id}: {last_error(first.message)}" if first is not None else ""
        raise HarvestError(
            f"None of the repository's tests passes before any change, of {count_noun(len(tests), 'test')} that ran: "
            f"{_REMEDY}.{why}"
        )
    if hung:
        raise HarvestError(f"The repository's tests hang or end the process ({_listed(hung)}): {_REMEDY}.")
    if not problem or problem == NO_TESTS:
        raise HarvestError(NOTHING_FOUND)
    last = next(iter(reversed(output.strip().splitlines())), "")
    raise EnvironmentFailed(
        f"The repository's tests cannot be run: {_REMEDY}. {problem}{f' ({last})' if last else ''}."
    )


def _describe(tests: Mapping[str, TestRecord], unusable: Mapping[str, str], hung: Sequence[str]) -> list[str]:
    outcomes = Counter(test.outcome for test in tests.values())
    n_passed = outcomes["passed"]
    notes = [f"Before any change {n_passed} of {count_noun(len(tests) + len(hung), 'test')} of the repository passed."]
    for path, message in list(unusable.items())[:_MAX_NAMED]:
        names = _MISSING.findall(last_error(message))
        why = f"needs the package {_listed(names)}" if names else last_error(message)
        notes.append(f"{path} is left out: it {why}" if names else f"{path} is left out: {why}")
    if len(unusable) > _MAX_NAMED:
        more = count_noun(len(unusable) - _MAX_NAMED, "more file")
        notes.append(f"{more} of tests left out that cannot be imported.")
    failed = [test for test in tests.values() if test.outcome == "failed"]
    networked = [test for test in failed if _NETWORK.search(test.message)]
    lacking = sorted({name for test in failed for name in _MISSING.findall(last_error(test.message))})
    others = [test for test in failed if test not in networked]
    if networked:
        notes.append(f"{count_noun(len(networked), 'test')} left out: the sandbox has no network, which is needed.")
    if others:
        notes.append(
            f"{count_noun(len(others), 'test')} left out that failed before any change, such as {others[0].id}: "
            f"{last_error(others[0].message)}"
        )
    if lacking:
        notes.append(f"Some of them need packages that are not installed: {_listed(lacking)}.")
    if hung:
        notes.append(f"{count_noun(len(hung), 'test')} left out that hung or ended the process: {_listed(hung)}.")
    return notes


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MAX_NAMED])
    return f"{shown} and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else shown


def _store(kept: Path, found: CoverageMap) -> None:
    numbers = {name: number for number, name in enumerate(found.tests)}
    data = {
        "tests": [asdict(test) for test in found.tests.values()],
        "covering": {key: [numbers[name] for name in names] for key, names in found.covering.items()},
        "lines": found.lines,
        "notes": found.notes,
        "sharing": found.sharing,
    }
    write_whole(kept, json.dumps(data))


def _load(kept: Path) -> CoverageMap | None:
    """What was kept; None where that is nothing, or nothing whole."""
    data = read_kept(kept)
    if data is None:
        return None
    try:
        tests = {entry["id"]: TestRecord(**entry) for entry in data["tests"]}
        names = list(tests)
        covering = {key: [names[number] for number in numbers] for key, numbers in data["covering"].items()}
        return CoverageMap(tests, covering, data["lines"], data["notes"], data.get("sharing", {}))
    except (KeyError, TypeError, IndexError, AttributeError):
        return None
