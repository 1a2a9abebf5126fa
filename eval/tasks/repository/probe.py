"""The pytest plugin that reports what each test does. It runs in the repository's interpreter, without our packages.

A file, one JSON object a line, tells which tests there are, which one began and how each ended, so that what was done
is known however the process ends. A test that takes too long ends the process: its name is the last one that began.
With coverage, the lines that each test executes are kept under the test's name; those of a fixture that tests share,
which the first of them sets up, under the names of both, on two lines.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_CONFIG: dict[str, Any] = json.loads(Path(os.environ["QUARRY_PROBE"]).read_text("utf-8"))
_MAX_MESSAGE_CHARS = 6000
HUNG_EXIT_CODE = 99


class _Journal:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Opened once: tests may change the folder, or replace open().
        self._fd = os.open(_CONFIG["journal"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def add(self, **entry: Any) -> None:
        with self._lock:
            os.write(self._fd, (json.dumps(entry) + "\n").encode("utf-8", "surrogatepass"))


_journal = _Journal()
_monotonic, _exit = time.monotonic, os._exit  # tests may patch them
# The test that runs, or the file that is imported; since when; and the seconds that it may take.
_running: list[tuple[str, float, float]] = []


def _watch() -> None:
    while True:
        _wait(0.05)
        running = list(_running)
        if running and _monotonic() - running[0][1] > running[0][2]:
            _journal.add(hung=running[0][0])
            _exit(HUNG_EXIT_CODE)


_wait = threading.Event().wait  # not time.sleep, which tests like to patch
threading.Thread(target=_watch, daemon=True).start()

_coverage: Any = None
if _CONFIG["coverage"]:
    import coverage

    _coverage = coverage.Coverage(
        data_file=_CONFIG["coverage"], source=[_CONFIG["root"]], omit=_CONFIG["omit"], config_file=False, messages=False
    )
    _coverage.set_option("run:relative_files", True)
    _coverage.set_option("run:disable_warnings", ["no-data-collected", "module-not-imported", "couldnt-parse"])
    _coverage.start()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings of rerunfailures, which is switched off: an unknown one may be an error."""
    for name in ("reruns", "reruns_delay"):
        parser.addini(name, "of a plugin that is switched off")


def pytest_configure(config: pytest.Config) -> None:
    """Markers of plugins that are switched off, as far as tests bear them: an unknown one may be an error."""
    for name in ("flaky", "random_order"):
        config.addinivalue_line("markers", f"{name}: of a plugin that is switched off")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """A file is imported, which may take for ever."""
    if isinstance(collector, pytest.File):
        _running[:] = [(collector.nodeid, _monotonic(), _CONFIG.get("import_seconds", 60.0))]


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Why a file gives no tests."""
    _running.clear()
    if report.failed:
        _journal.add(unusable=report.nodeid, message=_cut(report.longreprtext))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only the tests that are asked for, in the order in which pytest runs them."""
    select, skip = _CONFIG["select"], set(_CONFIG["skip"])
    chosen = [item for item in items if (select is None or item.nodeid in set(select)) and item.nodeid not in skip]
    if len(chosen) < len(items):
        kept = set(map(id, chosen))
        config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
        items[:] = chosen
    users: dict[str, set[str]] = {}
    for item in items if _coverage is not None else []:
        for name in getattr(item, "fixturenames", ()):
            users.setdefault(name, set()).add(item.nodeid.partition("::")[0])
    _journal.add(collected=[item.nodeid for item in items], users={name: sorted(users[name]) for name in users})


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, None]:
    """Time and, where wanted, lines of one test."""
    _journal.add(began=item.nodeid)
    if _coverage is not None:
        _coverage.switch_context(item.nodeid)
    started = _monotonic()
    _reports.clear()
    _running[:] = [(item.nodeid, started, _CONFIG["test_seconds"])]
    ended = yield
    _running.clear()
    seconds = _monotonic() - started
    if _coverage is not None:
        _coverage.switch_context("")
    if ended.excinfo is not None:  # KeyboardInterrupt or pytest.exit, of which no report tells: it did not end
        return
    outcome, message = "passed", ""
    for report in _reports:
        if report.failed:
            outcome, message = "failed", _cut(report.longreprtext)
            break
        if report.skipped or hasattr(report, "wasxfail"):
            outcome = "skipped"
    _journal.add(ended=item.nodeid, outcome=outcome, seconds=round(seconds, 4), message=message)


_shared: list[str] = []  # the fixtures that are being set up, the innermost last


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, None]:
    """The lines of a fixture that outlives the test have a name of their own."""
    if _coverage is None or not _running or fixturedef.scope == "function":
        yield
        return
    test = _running[0][0]
    _shared.append(f"{test}\n{fixturedef.argname}")
    _coverage.switch_context(_shared[-1])
    yield
    _shared.pop()
    _coverage.switch_context(_shared[-1] if _shared else test)


_reports: list[pytest.TestReport] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What the phases of the running test said."""
    _reports.append(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """The lines are on disk before the process ends."""
    if _coverage is not None:
        _coverage.stop()
        _coverage.save()
    _journal.add(finished=True)


def _cut(text: str) -> str:
    """The head and the tail: what was called, and the error."""
    if len(text) <= _MAX_MESSAGE_CHARS:
        return text
    half = _MAX_MESSAGE_CHARS // 2
    return f"{text[:half]}\n[...]\n{text[-half:]}"
