"""Runs tests of a repository in a working copy, within the sandbox, and reads what the probe reported."""

from __future__ import annotations

import configparser
import json
import shlex
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eval.sandbox import Limits, Outcome, Sandbox, describe_end

from .environment import Environment, import_roots
from .records import TestOutcome, TestRecord, TestReport
from .working_copy import WorkingCopy

NO_TESTS = "no tests were found"
_INTERRUPTED = 2  # pytest's exit code where something ended its session early
_PYTEST_FAILED = 3  # its exit code for an error of its own
HUNG_EXIT_CODE = 99  # of the probe
_PROBE = Path(__file__).with_name("probe.py").read_text("utf-8")  # now: a run takes hours, and we may be upgraded
_MAX_OUTPUT_CHARS = 4000
_COVERAGE_BYTES = 2**30  # what a run with coverage may write
# Plugins that would run tests in another order or again; and the parts of xdist and pytest-cov that would run them
# elsewhere, or measure in place of the probe: what else these two have (fixtures, hooks, markers) tests may need.
_PLUGINS_OFF = ("dsession", "_cov", "randomly", "random_order", "rerunfailures", "sugar")
# Options of a repository that decide whether and how its tests work; others are about its reports.
_WITH_VALUE = (
    *("--import-mode", "--asyncio-mode", "--ds", "-p", "-m", "-W", "--confcutdir"),
    *("--ignore", "--ignore-glob", "--deselect"),
)
_KEPT_OPTIONS = (*_WITH_VALUE, "--pyargs")
_SETTINGS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_NO_CACHE = "no:cacheprovider"  # not kept: pytest does not know the setting of the cache's folder then


@dataclass(frozen=True, slots=True)
class Collection:
    """What a run found before the first test: test ids, and files without any with the reason.

    ``users``: for each fixture's name the files whose tests take it; with coverage alone.
    """

    tests: Sequence[str]
    unusable: Sequence[tuple[str, str]]
    users: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunWishes:
    """Which tests are run and how. ``files`` empty: what pytest finds. ``select`` None: every test but ``skip``.

    Files of ``ignore`` are not imported. Limits are in seconds: of one test, of the import of one file, of all.
    With ``coverage`` the executed lines are kept by test. ``compile``: Python may keep what it compiles in the copy.
    """

    files: Sequence[str] = ()
    select: Sequence[str] | None = None
    skip: Sequence[str] = ()
    ignore: Sequence[str] = ()
    test_seconds: float = 20.0
    import_seconds: float = 60.0
    seconds: float = 60.0
    stop_at_first: bool = True
    coverage: bool = False
    compile: bool = False
    plugins: Sequence[Path] = ()


def run_tests(
    sandbox: Sandbox, environment: Environment, copy: WorkingCopy, wishes: RunWishes
) -> tuple[TestReport, Collection]:
    """Run tests in ``copy``, which is not restored. Raises SandboxError."""
    names = ["quarry_probe"]
    (copy.out / "quarry_probe.py").write_text(_PROBE, "utf-8")
    for plugin in wishes.plugins:
        shutil.copyfile(plugin, copy.out / plugin.name)
        names.append(plugin.stem)
    config = {
        "journal": str(copy.out / "journal.jsonl"),
        "select": list(wishes.select) if wishes.select is not None else None,
        "skip": list(wishes.skip),
        "test_seconds": wishes.test_seconds,
        "import_seconds": wishes.import_seconds,
        "coverage": str(copy.out / "coverage.sqlite") if wishes.coverage else "",
        "root": str(copy.repo),
        # Below the copy alone: a folder above it may be called test.
        "omit": [f"{copy.repo}/**/{name}" for name in ("tests/*", "test/*", "conftest.py", "test_*.py")],
    }
    (copy.out / "probe.json").write_text(json.dumps(config), "utf-8")
    command = [
        "/bin/sh", "-c", 'cd repo && exec "$@"', "sh",
        str(environment.python), "-m", "pytest", *(part for name in names for part in ("-p", name)),
        *(part for name in _PLUGINS_OFF for part in ("-p", f"no:{name}")),
        "-o", "addopts=", "-o", "required_plugins=", "-o", f"cache_dir={copy.out / 'cache'}",
        *own_options(copy.repo), "--rootdir=.", "--tb=short", "-q", "--no-header",
        f"--basetemp={copy.out / 'tmp' / 'pytest'}", "--continue-on-collection-errors",
        *(["-x"] if wishes.stop_at_first else []), *(f"--ignore={path}" for path in wishes.ignore), *wishes.files,
    ]  # fmt: skip
    roots = [str(copy.repo / root) for root in import_roots(copy.repo)]
    outcome = sandbox.run(
        command,
        copy.folder,
        limits=Limits(seconds=wishes.seconds, disk_bytes=_COVERAGE_BYTES if wishes.coverage else Limits().disk_bytes),
        readable=environment.readable,
        environment={
            "PYTHONPATH": ":".join([*roots, str(copy.out)]),
            **({} if wishes.compile else {"PYTHONDONTWRITEBYTECODE": "1"}),
            "PYTHONHASHSEED": "0",
            "COVERAGE_CORE": "ctrace",  # the only one that can tell tests apart
            "CI": "true",  # Hypothesis then draws the same examples every time
            "HOME": str(copy.out / "home"),
            "TMPDIR": str(copy.out / "tmp"),
            "QUARRY_PROBE": str(copy.out / "probe.json"),
            "QUARRY_OUTPUT": str(copy.out / "kept"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
    )
    return _read(copy.out / "journal.jsonl", outcome, wishes)


def _read(journal: Path, outcome: Outcome, wishes: RunWishes) -> tuple[TestReport, Collection]:
    tests: list[TestRecord] = []
    collected: list[str] = []
    users: dict[str, list[str]] = {}
    unusable: list[tuple[str, str]] = []
    running, is_finished = "", False
    for entry in _entries(journal):
        if "collected" in entry:
            collected = [str(each) for each in entry["collected"]]
            users = entry["users"]
        elif "unusable" in entry:
            unusable.append((str(entry["unusable"]), str(entry["message"])))
        elif "hung" in entry:
            running = str(entry["hung"])
        elif "began" in entry:
            running = str(entry["began"])
        elif "ended" in entry:
            running = ""
            outcomes: dict[str, TestOutcome] = {"passed": "passed", "skipped": "skipped"}
            test_outcome = outcomes.get(str(entry["outcome"]), "failed")
            name = str(entry["ended"])
            tests.append(
                TestRecord(name, name.partition("::")[0], test_outcome, float(entry["seconds"]), str(entry["message"]))
            )
        elif "finished" in entry:
            is_finished = True
    output = (outcome.stdout + outcome.stderr)[-_MAX_OUTPUT_CHARS:]
    problem = ""
    hung = ""
    ended = outcome
    if outcome.exit_code == HUNG_EXIT_CODE:
        limit = wishes.test_seconds if "::" in running else wishes.import_seconds
        ended = replace(outcome, end="timed out", seconds=limit)
    if ended.end != "exited":
        problem, hung = describe_end(ended), running
    elif outcome.exit_code == _PYTEST_FAILED:
        inner = [line for line in output.splitlines() if line.startswith("INTERNALERROR> ")]
        problem = (
            f"pytest itself failed: {inner[-1].removeprefix('INTERNALERROR> ') if inner else 'it does not say why'}"
        )
        hung = running
    elif not is_finished or running:
        said = last_error(output) if any(line.startswith("E ") for line in output.splitlines()) else ""
        problem = said or f"the tests' process ended with code {outcome.exit_code} before they were done"
        hung = running
    elif unusable:
        problem = last_error(unusable[0][1])
    elif outcome.exit_code == _INTERRUPTED:
        problem = "pytest was ended before it was done"
    elif not collected:
        problem = NO_TESTS
    report = TestReport(tests, problem, hung, outcome.seconds, output, ended.timed_out)
    return report, Collection(collected, unusable, users)


def _entries(journal: Path) -> list[dict[str, Any]]:
    """The journal's lines; the last one may be torn, and what ran there may have written nonsense."""
    try:
        text = journal.read_text("utf-8", "replace")
    except OSError:
        return []
    entries = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def last_error(message: str) -> str:
    """The line of pytest's account that says what was raised last: the error, or the assertion without its workings."""
    errors = [line[1:].strip() for line in message.splitlines() if line.startswith("E ")]
    errors = [line for line in errors if not line.startswith(("+", "-", "?"))] or errors  # how it came to be
    plain = [line for line in errors if "Error" in line or "Exception" in line or "Interrupt" in line]
    asserted = [line for line in errors if line.startswith("assert ")]
    return next(iter(reversed(plain or asserted or errors or message.strip().splitlines())), "no message")


def own_options(repo: Path) -> list[str]:
    """The repository's settings file for pytest, and those of its standing options that are kept."""
    found = _pytest_settings(repo)
    if found is None:
        return []
    name, options = found
    kept, words = [], iter(options)
    for word in words:
        option, is_equal, _ = word.partition("=")
        own = [word]
        if option in _WITH_VALUE and not is_equal:
            own += [value for value in [next(words, None)] if value is not None]
        if (option in _KEPT_OPTIONS or word.startswith("-p")) and not own[-1].endswith(_NO_CACHE):
            kept += own
    return ["-c", name, *kept]


def says_where_tests_are(repo: Path) -> bool:
    """Whether a settings file for pytest names the files that hold tests, in place of pytest's own rule."""
    files = [repo / name for name in _SETTINGS if (repo / name).is_file()]
    return any("python_files" in file.read_text("utf-8", "replace") for file in files)


def _pytest_settings(repo: Path) -> tuple[str, list[str]] | None:
    """The file that pytest would read, and its ``addopts``."""
    for name in _SETTINGS:
        try:
            text = (repo / name).read_text("utf-8", "replace")
        except OSError:
            continue
        try:
            if name.endswith(".toml"):
                table: Any = tomllib.loads(text)
                if name == "pyproject.toml":
                    table = table.get("tool", {})
                table = table.get("pytest")
                if table is None:
                    continue
                options = table.get("ini_options", table).get("addopts", [])
            else:
                parser = configparser.RawConfigParser(strict=False)
                parser.read_string(text)
                section = "tool:pytest" if name == "setup.cfg" else "pytest"
                if not parser.has_section(section):
                    continue
                options = parser.get(section, "addopts", fallback="")
            return name, shlex.split(options) if isinstance(options, str) else [str(each) for each in options]
        except (ValueError, configparser.Error, AttributeError):
            continue  # pytest itself will say what is wrong with it
    return None
