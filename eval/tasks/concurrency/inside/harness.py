"""Runs inside the sandbox: a program under many schedules of its scenario's tests. Standard library alone.

Reads {"program", "scenario", "seeds"} as JSON from standard input and writes ``result.json`` into its folder: whether
each test passed under all seeds, else the first that failed, with the message. The program's module is executed anew
for each run. A test that is a coroutine function runs in the seeded event loop, any other in threads.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import signal
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LIBRARY = HERE / "library"
sys.path[:0] = [str(HERE), str(LIBRARY)]

import scheduling  # type: ignore[import-not-found]  # noqa: E402

scheduling.install()

import asyncio  # noqa: E402

from looping import SeededLoop  # type: ignore[import-not-found]  # noqa: E402

SECONDS_FOR_A_RUN = 5  # of processor time
PROGRAM = "program.py"


class Loops(asyncio.DefaultEventLoopPolicy):
    """A program that runs a loop of its own gets one of ours: asyncio's would wait for a clock that stands still."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """The policy's protocol."""
        loop: asyncio.AbstractEventLoop = SeededLoop(scheduling.World.scheduler, seed=0)
        return loop


class TookTooLong(BaseException):
    """A run computes without end, where no schedule can stop it."""


def run_once(test: Callable[[Any], Any], source: str, seed: int) -> None:
    """One test under one schedule. Raises what the test or the program raises, Stuck and TookTooLong."""
    scheduler = scheduling.Scheduler(seed)
    scheduling.World.scheduler = scheduler
    scheduler.watched = {PROGRAM, *map(str, LIBRARY.rglob("*.py"))}
    for name in [name for name, module in sys.modules.items() if str(LIBRARY) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]
    program = types.ModuleType("program")
    sys.modules["program"] = program
    signal.setitimer(signal.ITIMER_PROF, SECONDS_FOR_A_RUN)
    try:
        exec(compile(source, PROGRAM, "exec"), program.__dict__)
        if inspect.iscoroutinefunction(test):
            loop = SeededLoop(scheduler, seed)
            asyncio.set_event_loop(loop)
            loop.set_exception_handler(lambda loop, context: None)
            loop.run_until_complete(test(program))
        else:
            sys.settrace(scheduler.trace)
            test(program)
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)


def describe(error: BaseException) -> str:
    """What went wrong, and the last line of the program that it passed through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == PROGRAM]
    place = f" (line {lines[-1]} of the program)" if lines else ""
    text = str(error) or "no message"
    if isinstance(error, TookTooLong):
        return "it computes without end"
    if isinstance(error, AssertionError | scheduling.Stuck):
        return text[:400]
    return f"{type(error).__name__}: {text[:300]}{place}"


def try_test(test: Callable[[Any], Any], source: str, seeds: list[int]) -> dict[str, Any]:
    """The test under each seed, up to the first that fails."""
    for seed in seeds:
        try:
            run_once(test, source, seed)
        except BaseException as error:
            return {"failed_seed": seed, "message": describe(error)}
    return {"failed_seed": None, "message": ""}


def run_tests(job: dict[str, Any]) -> list[dict[str, Any]]:
    """All tests of the scenario, each under all seeds."""
    scenario = types.ModuleType("scenario")
    exec(compile(job["scenario"], "scenario.py", "exec"), scenario.__dict__)
    results = []
    for name, test in vars(scenario).items():
        if name.startswith("test_"):
            found = try_test(test, job["program"], job["seeds"])
            results.append({"test": name, "property": inspect.getdoc(test), **found})
    return results


def main() -> None:
    """Read the job, write the result, and go without waiting for threads that hang."""
    job = json.loads(sys.stdin.read())
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), io.StringIO(), io.StringIO()
    warnings.simplefilter("ignore")

    def ring(number: int, frame: object) -> None:
        raise TookTooLong

    signal.signal(signal.SIGPROF, ring)
    asyncio.set_event_loop_policy(Loops())
    try:
        result: dict[str, Any] = {"tests": run_tests(job)}
    except Exception as error:  # ours, not the program's: that is caught where it is run
        result = {"failure": f"{type(error).__name__}: {error}"}
    (HERE / "result.json").write_text(json.dumps(result), encoding="utf-8")
    os._exit(0)


if __name__ == "__main__":
    main()
