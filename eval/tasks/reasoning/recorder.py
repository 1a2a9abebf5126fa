"""A pytest plugin that writes down calls with their values. A copy runs in the repository's own interpreter.

So it imports nothing of ours and keeps to what Python 3.9 knows. ``TARGETS`` is set in the copy, see ``recording``:
path to line of the first decorator or ``def`` to name and kind of the function.

Only values that their own ``repr`` spells as literals are written down. Calls are watched on the main thread, while a
test runs, and not while its fixtures do.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

TARGETS: dict[str, dict[str, list[str]]] = {}
MAX_CALLS = 40  # of one function
MAX_CHARS = 400  # of a call's arguments together, and of its value
MAX_PARTS = 60  # of a value, so that a large one is left early
MAX_DEPTH = 6

_GENERATOR_LIKE = 0x20 | 0x80 | 0x200  # inspect.CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
_VARARGS, _KEYWORDS = 0x04, 0x08

_Target = tuple[str, str, str]  # path, name and kind
_targets: dict[int, tuple[CodeType, _Target | None]] = {}  # by id: hashing code is slow, so it is held here to stay
_open: dict[int, tuple[dict[str, Any], list[Any], list[str], str]] = {}
_calls: dict[str, set[str]] = {}  # of each function, what was given
_written: list[str] = []  # lines that are not in the file yet
_places: list[str] = []  # folders of this run: a value that names one is another one in the next run
_output = -1
_test = ""
_dumps = json.dumps  # tests may patch it


def pytest_configure() -> None:
    """Open the file, before any test may change the folder or replace open()."""
    global _output
    places = (str(Path.cwd()), str(Path("~").expanduser()), tempfile.gettempdir())
    _places[:] = [place for place in places if place.strip("/")]
    _output = os.open(Path(os.environ["QUARRY_OUTPUT"]) / "calls.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: Any) -> Iterator[None]:
    """Watch while the test itself runs."""
    global _test
    _test = item.nodeid
    sys.setprofile(_watch)
    try:
        yield
    finally:
        sys.setprofile(None)
        _open.clear()
        os.write(_output, "".join(_written).encode("utf-8", "surrogatepass"))
        _written.clear()


def _watch(frame: FrameType, event: str, value: Any) -> None:
    if event == "call":
        _enter(frame)
    elif event == "return" and id(frame) in _open:
        _leave(_open.pop(id(frame)), value)


def _enter(frame: FrameType) -> None:
    code = frame.f_code
    if id(code) not in _targets:
        _targets[id(code)] = (code, _find_target(code))
    target = _targets[id(code)][1]
    if target is None or len(_calls.get("::".join(target[:2]), ())) >= MAX_CALLS:
        return
    path, name, kind = target
    taken = _take_arguments(frame, kind)
    if taken is None:
        return
    arguments, values = taken
    spelled = [spell(value) for value in values]
    if None in spelled or sum(len(text or "") for text in spelled) > MAX_CHARS:
        return
    call = {"path": path, "name": name, "module": frame.f_globals.get("__name__", ""), "test": _test}
    call.update(arguments)
    _open[id(frame)] = (call, values, [text or "" for text in spelled], "::".join(target[:2]))


def _take_arguments(frame: FrameType, kind: str) -> tuple[dict[str, Any], list[Any]] | None:
    """What the function was given, spelled and as it is; None for the class method of another class."""
    code = frame.f_code
    n_positional, n_only = code.co_argcount, code.co_kwonlyargcount
    names = list(code.co_varnames)
    values = frame.f_locals
    positional, only = names[:n_positional], names[n_positional : n_positional + n_only]
    rest = names[n_positional + n_only :]
    if kind == "classmethod" and positional:
        positional = positional[1:]
    if any(name not in values for name in (*positional, *only)):
        return None  # held in a cell that an inner function shares: not seen here on every version
    found = [values[name] for name in (*positional, *only)]
    star: tuple[Any, ...] = values.get(rest.pop(0), ()) if code.co_flags & _VARARGS else ()
    double: dict[str, Any] = values.get(rest.pop(0), {}) if code.co_flags & _KEYWORDS else {}
    found += [*star, *double.values()]
    spelled = {
        "positional": [[name, spell(values[name])] for name in positional],
        "star": [spell(value) for value in star],
        "keyword": [[name, spell(values[name])] for name in only]
        + [[name, spell(value)] for name, value in double.items()],
    }
    return spelled, found


def _leave(opened: tuple[dict[str, Any], list[Any], list[str], str], value: Any) -> None:
    call, values, before, key = opened
    spelled = spell(value)
    # None is also what a call that raised seems to return.
    if value is None or spelled is None or len(spelled) > MAX_CHARS:
        return
    call["value"] = spelled
    call["changes_arguments"] = [spell(given) for given in values] != before
    identity = _dumps([call["positional"], call["star"], call["keyword"]])
    known = _calls.setdefault(key, set())
    if identity not in known:
        known.add(identity)
        _written.append(_dumps(call) + "\n")


def _find_target(code: CodeType) -> _Target | None:
    if code.co_flags & _GENERATOR_LIKE:
        return None
    filename = os.path.realpath(code.co_filename)
    for path, functions in TARGETS.items():
        found = functions.get(str(code.co_firstlineno))
        if found is not None and filename.endswith("/" + path) and found[0].rpartition(".")[2] == code.co_name:
            return path, found[0], found[1]
    return None


def spell(value: Any) -> str | None:
    """A value as a literal, or None for what no literal spells, or only a long one, and for a place of this run."""
    if _count_parts(value, MAX_PARTS, MAX_DEPTH) < 0:
        return None
    spelled = repr(value)
    return None if any(place in spelled for place in _places) else spelled


def _count_parts(value: Any, left: int, depth: int) -> int:
    """How many parts are left after this value; negative for too many, or for what is no literal."""
    kind = type(value)  # a subclass, such as an enum's, has another repr
    left -= 1
    if left < 0 or depth < 0:
        return -1
    if value is None or kind in (bool, int):
        return left
    if kind is float:
        return left if math.isfinite(value) else -1
    if kind in (str, bytes):
        return left if len(value) <= MAX_CHARS else -1
    if kind not in (list, tuple, dict, set) or len(value) > left:
        return -1
    parts = [*value, *value.values()] if kind is dict else list(value)
    for part in parts:
        left = _count_parts(part, left, depth - 1)
        if left < 0:
            return -1
    return left
