"""Runs inside the sandbox: is the answer right, how much does it do, how long does it take. Standard library alone.

Reads a job as JSON from standard input (see ``scoring.py``), writes ``result.json`` into its folder. What the answer
prints is dropped. Its module is executed anew before each measured call, so that nothing is remembered between them.
"""

from __future__ import annotations

import gc
import importlib.abc
import importlib.machinery
import io
import json
import random
import signal
import statistics
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from counting import TooMuchWork, Work  # type: ignore[import-not-found]  # noqa: E402
from rewriting import compile_counted  # type: ignore[import-not-found]  # noqa: E402

SMALL_SIZES = (0, 1, 2, 3, 5, 8, 13, 21, 34)
N_RANDOM = 3  # generated inputs for each small size
N_REPEATS = 5
WORK_ALLOWED = 3  # times the original's: an answer that does more is no faster
SECONDS_SMALL, SECONDS_LARGE = 1, 12  # of processor time, for a call on a small and on a large input
RECURSION = 1000  # as Python has it
GROWTH_STEP = 4  # growth is seen between the size and this part of it


class TookTooLong(BaseException):
    """A call did not end in time."""


class Modules(importlib.abc.MetaPathFinder):
    """Finds the library's modules; counts what they do while there is a count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
        self.work: Work | None = None

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """The finder's protocol."""
        if name.partition(".")[0] not in self.packages:
            return None
        stem = self.folder.joinpath(*name.split("."))
        file = stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")
        if not file.is_file():
            return None
        loader = Loader(file, self.work)
        spec = importlib.machinery.ModuleSpec(name, loader, origin=str(file), is_package=stem.is_dir())
        return spec

    def forget(self) -> None:
        """The next import executes the modules anew."""
        for name in [name for name in sys.modules if name.partition(".")[0] in self.packages]:
            del sys.modules[name]


class Loader(importlib.abc.Loader):
    """Executes one module of the library."""

    def __init__(self, file: Path, work: Work | None) -> None:
        self.file = file
        self.work = work

    def exec_module(self, module: types.ModuleType) -> None:
        """The loader's protocol."""
        execute(self.file.read_text(encoding="utf-8"), module, self.work)


def execute(source: str, module: types.ModuleType, work: Work | None) -> None:
    """Run the source as that module, counted or not."""
    if work is None:
        code = compile(source, module.__name__, "exec")
    else:
        module.__dict__.update(work.names())
        code = compile_counted(source, module.__name__)
    exec(code, module.__dict__)


def load(source: str, entry: str, modules: Modules, work: Work | None = None) -> Callable[..., Any]:
    """The function, from a module that is executed anew."""
    modules.work = work
    modules.forget()
    sys.setrecursionlimit(RECURSION if work is None else 2 * RECURSION)  # a counted call takes two frames
    module = types.ModuleType("submission")
    sys.modules["submission"] = module  # dataclasses look their module up
    execute(source, module, work)
    function = getattr(module, entry, None)
    if not callable(function):
        raise NameError(f"no function {entry} is defined")
    return function  # type: ignore[no-any-return]


# How a call ends: with an error of that type or None, what it returned or the error said, its arguments afterwards.
Ending = tuple[type[BaseException] | None, Any, Any]


def call(function: Callable[..., Any], args: Any, seconds: int = SECONDS_SMALL) -> Ending:
    """Call with a copy of the arguments. Raises TookTooLong and TooMuchWork, nothing else."""
    args = clone(args)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return None, function(*args), args
    except (TooMuchWork, TookTooLong):
        raise
    except BaseException as error:
        return type(error), str(error), args
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def clone(value: Any) -> Any:
    """A copy of arguments: new lists and dicts, what cannot change shared."""
    if isinstance(value, dict):
        return {key: clone(held) for key, held in value.items()}
    if isinstance(value, list):
        return [clone(held) if isinstance(held, (list, dict)) else held for held in value]
    return tuple(map(clone, value)) if isinstance(value, tuple) else value


def same(left: Any, right: Any) -> bool:
    """Whether ``right`` is as good as ``left``: of its type or one derived from it, floats to nine digits."""
    if not isinstance(right, type(left)) or (isinstance(right, bool) and not isinstance(left, bool)):
        return False
    if isinstance(left, float):
        return bool(left == right or abs(left - right) <= 1e-9 * max(abs(left), abs(right)))
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    try:
        return bool(left == right)
    except Exception:
        return False


def shown_as(value: Any) -> str:
    """What the answer returned, which may be of a class that cannot be shown."""
    try:
        return repr(value)
    except Exception:
        return f"a {type(value).__name__}"


def short(value: Any) -> str:
    """A value as the model may be told of it."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:200] + "..."


def difference(entry: str, args: Any, expected: Ending, got: Ending) -> str | None:
    """What is not the same about two calls, in a sentence; None if nothing. A subclass of the error is as good."""
    shown = f"{entry}({', '.join(short(repr(a)) for a in args)})"
    wanted = f"raising {expected[0].__name__}" if expected[0] else f"returning {short(repr(expected[1]))}"
    if got[0] is not None:
        if expected[0] is None or not issubclass(got[0], expected[0]):
            return f"{shown} raised {got[0].__name__}: {short(got[1])} instead of {wanted}"
    elif expected[0] is not None or not same(expected[1], got[1]):
        return f"{shown} returned {short(shown_as(got[1]))} instead of {wanted}"
    if not same(list(expected[2]), list(got[2])):
        return f"{shown} changed its arguments, which the original does not"
    return None


def small_inputs(inputs: types.ModuleType, seed: int) -> list[Any]:
    """The edge cases, then generated ones."""
    made = [
        inputs.make(random.Random(f"{seed} {size} {number}"), size)
        for size in SMALL_SIZES
        if size <= getattr(inputs, "LARGEST_TEST", SMALL_SIZES[-1])
        for number in range(N_RANDOM)
    ]
    return [*inputs.EDGES, *made]


def count(source: str, entry: str, modules: Modules, args: Any, limit: int | None) -> tuple[int, Ending]:
    """Steps that loading the module and one call take, and how the call ended."""
    work = Work(limit)
    function = load(source, entry, modules, work)
    ending = call(function, args, SECONDS_LARGE)
    return work.steps, ending


def measure(source: str, entry: str, modules: Modules, args: Any) -> float:
    """Seconds by the clock of one first call."""
    function = load(source, entry, modules)
    args = clone(args)
    signal.setitimer(signal.ITIMER_PROF, SECONDS_LARGE)
    gc.collect()
    gc.disable()
    begin = time.perf_counter_ns()
    try:
        function(*args)
        return max(1, time.perf_counter_ns() - begin) / 1e9
    finally:
        gc.enable()
        signal.setitimer(signal.ITIMER_PROF, 0)


def judge(job: dict[str, Any], modules: Modules) -> list[dict[str, Any]]:
    """What becomes of each answer: ``problem`` with what is wrong, or the figures."""
    entry, seed, size = job["entry"], job["seed"], job["size"]
    inputs = types.ModuleType("inputs")
    exec(compile(job["inputs"], "inputs", "exec"), inputs.__dict__)
    original = load(job["original"], entry, modules)
    tests = [(args, call(original, args)) for args in small_inputs(inputs, seed)]
    sizes = (size, max(1, size // GROWTH_STEP))
    large = [inputs.make(random.Random(f"{seed} large"), n) for n in sizes]
    known = {}
    for name in ("original", "best"):
        known[name] = [count(job[name], entry, modules, args, None) for args in large]
    found = []
    for answer in job["answers"]:
        problem = try_small(answer, entry, modules, tests)
        found.append({"problem": problem} if problem else try_large(answer, job, modules, large, known))
    return found


def try_small(answer: str, entry: str, modules: Modules, tests: list[tuple[Any, Ending]]) -> str | None:
    """What is wrong on small inputs, None if nothing."""
    try:
        compile_counted(answer, "submission")
        function = load(answer, entry, modules)
    except BaseException as error:
        return f"the code cannot be loaded: {type(error).__name__}: {short(str(error))}"
    for args, wanted in tests:
        try:
            problem = difference(entry, args, wanted, call(function, args))
        except TookTooLong:
            problem = f"{entry}({', '.join(short(repr(a)) for a in args)}) did not end"
        if problem:
            return problem
    return None


def try_large(
    answer: str, job: dict[str, Any], modules: Modules, large: list[Any], known: dict[str, list[tuple[int, Ending]]]
) -> dict[str, Any]:
    """Counted work, of which there must not be far too much, and measured times."""
    entry = job["entry"]
    limit = WORK_ALLOWED * known["original"][0][0]
    steps = {name: [n_steps for n_steps, _ in counts] for name, counts in known.items()}
    try:
        counts = [count(answer, entry, modules, args, limit) for args in large]
    except (TooMuchWork, TookTooLong):
        return {"problem": None, "too_much": True, "steps": steps}
    problem = difference(entry, ("...",), known["original"][0][1], counts[0][1])
    if problem:
        return {"problem": f"on a large input, {problem}"}
    steps["answer"] = [n_steps for n_steps, _ in counts]
    times: dict[str, list[float]] = {"original": [], "answer": []}
    for _ in range(N_REPEATS if job["timed"] else 0):
        times["original"].append(measure(job["original"], entry, modules, large[0]))
        try:
            times["answer"].append(measure(answer, entry, modules, large[0]))
        except TookTooLong:
            return {"problem": f"on a large input, {entry}(...) did not end"}
        except BaseException as error:
            return {"problem": f"on a large input, {entry}(...) raised {type(error).__name__}: {short(str(error))}"}
    seconds = {name: statistics.median(values) for name, values in times.items() if values}
    return {"problem": None, "too_much": False, "steps": steps, "seconds": seconds}


def main() -> None:
    """Read the job, write the result."""
    job = json.loads(sys.stdin.read())
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), io.StringIO(), io.StringIO()

    def ring(number: int, frame: object) -> None:
        raise TookTooLong

    signal.signal(signal.SIGPROF, ring)
    modules = Modules(HERE / "library")
    sys.meta_path.insert(0, modules)
    try:
        result: dict[str, Any] = {"answers": judge(job, modules)}
    except Exception as error:  # ours, not the answer's: that is caught where it is called
        result = {"failure": f"{type(error).__name__}: {error}"}
    (HERE / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
