"""Counted work: what code means stays, what builtins do is counted, and the count is the same each time."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from eval.tasks.optimisation.catalogue import HERE


@dataclass(frozen=True)
class Inside:
    """The two modules that run inside the sandbox."""

    counting: types.ModuleType
    rewriting: types.ModuleType


@pytest.fixture(scope="module")
def inside() -> Iterator[Inside]:
    """As the harness imports them there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE / "inside")
        yield Inside(importlib.import_module("counting"), importlib.import_module("rewriting"))
    del sys.modules["counting"], sys.modules["rewriting"]


def run(inside: Inside, source: str, limit: int | None = None) -> tuple[int, dict[str, Any]]:
    """The steps that the source takes, and its names afterwards."""
    work = inside.counting.Work(limit)
    names: dict[str, Any] = {"__name__": "counted", **work.names()}
    exec(inside.rewriting.compile_counted(source, "counted"), names)
    return work.steps, names


MEANING = '''
from __future__ import annotations
import functools, dataclasses, enum

@dataclasses.dataclass
class Point:
    """Has a docstring."""
    x: int
    y: int = 2

    def __post_init__(self):
        self._total = self.x + self.y

class Child(Point):
    def __init__(self, x):
        super().__init__(x)
    @property
    def total(self):
        return self._total
    @staticmethod
    def make():
        return Child(5)

class Colour(enum.Enum):
    RED = 1

@functools.lru_cache(maxsize=None)
def fib(n):
    """Docs."""
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def generate(n):
    received = yield n
    while received not in (None, 0):
        received = yield received * 2
    yield from (i for i in range(n) if i % 2)

def scope():
    total = 0
    def add(*args, by=1, **more):
        nonlocal total
        total += sum(args) * by + len(more)
        return total
    add(1, 2, by=3, other=4)
    return add(*[1, 2], **{"by": 2})

def branches(value):
    match value:
        case [first, *rest]:
            return first, rest
        case {"a": a}:
            return a
        case 1 + 2j | -1:
            return "number"
        case _:
            pass
    try:
        return {1: 2}[value]
    except KeyError as error:
        return error.args
    else:
        return None
    finally:
        value = None

gen = generate(4)
items = [3, 1, 2]
alias = items
items += [5]
del items[0]
text = "ab"
text += "c"
text *= 2
head, (*rest, last) = 1, [2, 3, 4]
replaced = list(range(6))
replaced[1:3] = "abc"
del replaced[-1], replaced[:1]
RESULT = [
    Child.make().total, Colour.RED.name, fib(30), next(gen), gen.send(3), gen.send(0), list(gen), scope(),
    branches([1, 2, 3]), branches({"a": 7}), branches(9), branches(-1), dict(function=1, self=2),
    alias is items, items, text, replaced, rest, [*items, *"xy"], {*items},
    2 in map(int, "12"), 7 in {1: 7}.values(), (1, 7) in {1: 7}.items(), (1, 8) in {1: 7}.items(), 9 in iter(items),
    f"{7:>{2 + 2}}|{text!r:^{len(text)}}", "%s-%d" % ("a", 2), 7 % 4, (lambda: [first := 1, *rest])(),
    1 < 2 < 3, 3 in items, 9 not in items, {k: v for k, v in zip("ab", range(2))}, (lambda a, b=2: a * b)(3),
    sorted(items, key=lambda i: -i), "-".join(map(str, items)), max(items, default=0), items[1:][::-1],
    [i * j for i in range(3) for j in range(i)], any(i > 4 for i in items), f"{len(items)!r:>3}", (y := 5) + y,
    (1, 2) + (3,), [0] * 3, {1} | {2}, "b" in text, (5,) == (5,), min(3, 4), sum([[1], [2]], []),
]
'''


def test_meaning_stays(inside: Inside) -> None:
    """Rewritten code computes what it computed before."""
    plain: dict[str, Any] = {"__name__": "plain"}
    sys.modules["plain"] = sys.modules["counted"] = types.ModuleType("plain")
    try:
        exec(MEANING, plain)
        _, counted = run(inside, MEANING)
    finally:
        del sys.modules["plain"], sys.modules["counted"]
    assert counted["RESULT"] == plain["RESULT"]


@pytest.mark.parametrize(
    "once",
    [
        "x = -1 in items",
        "x = items.index(n - 1)",
        "x = items.count(-1)",
        "x = -1 in map(abs, items)",
        "x = -1 in (i for i in items)",
        "x = -1 in reversed(items)",
        "x = -1 in held.values()",
        "x = max(held.items())",
        "x = items[1:]",
        "x = sum(items)",
        "x = sum(i for i in items)",
        "x = list(map(str, items))",
        "x = max(items)",
        "x = items + [1]",
        "x = sorted(items)",
        "x = [i for i in items]",
        "x = set(items)",
        "x = items == list(range(n))",
        "x = items.copy().pop(0)",
        "x = (*items, 1)",
        "x = ','.join(str(i) for i in items)",
        "x = dict.fromkeys(items)",
        "items.reverse()",
        "items[:1] = []",
        "del items[:1]",
        "first, *x = items",
        "(x, y), *z = [(1, 2), *items]",
        "first, *x = iter(items)",
        "x = held.copy()",
        "x = items.__contains__(-1)",
        "queue.remove(n - 1)",
        "x = queue.index(n - 1)",
        "queue.rotate(n // 2)",
        "x = set(items).isdisjoint([1])",
        "x = collections.Counter(items).most_common(1)",
        "x = f'{1}: {text}'",
        "x = f'{text:>{n}}'",
        "x = '%s: %s' % (1, text)",
        "x = '{}: {}'.format(1, text)",
    ],
)
def test_builtins_are_counted(inside: Inside, once: str) -> None:
    """What walks through a list counts for about ten times as much on ten times as many items."""
    steps = []
    for n in (1000, 10_000):
        prepare = (
            f"import collections\nn = {n}\nitems = list(range(n))\nheld = dict.fromkeys(items)\n"
            "queue = collections.deque(items)\ntext = 'x' * (100 * n)\n"
        )
        steps.append(run(inside, prepare + once)[0] - run(inside, prepare)[0])
    assert 8 < steps[1] / steps[0] < 15


@pytest.mark.parametrize(
    "once",
    [
        "x = -1 in held",
        "held.add(5)",
        "x = len(items)",
        "items.append(1)",
        "x = items[5]",
        "x = -1 in pairs.keys()",
        "x = (5, 1) in pairs.items()",
        "x = 5 in itertools.count()",
        "held.remove(5)",
        "held.discard(5)",
        "held.pop()",
        "items.pop()",
        "items.__setitem__(0, 1)",
        "items[0] = 1",
        "x = items.__len__()",
        "queue.rotate(-1)",
        "queue.appendleft(queue.pop())",
        "queue.popleft()",
        "queue[0] = 1",
        "pairs.pop(5)",
        "pairs.popitem()",
        "pairs.setdefault(5, [])",
        "del pairs[5]",
        "pairs.update(a=1)",
        "x = pairs.get(5)",
        "x = 7 % 5",
        "x = f'{len(items):05}'[:2]",
    ],
)
def test_constant_stays_constant(inside: Inside, once: str) -> None:
    """What does not depend on the number of items counts the same for any."""
    steps = []
    for n in (1000, 10_000):
        prepare = (
            f"import itertools, collections\nitems = list(range({n}))\nheld = set(items)\n"
            "pairs = dict.fromkeys(items)\nqueue = collections.deque(items)\n"
        )
        steps.append(run(inside, prepare + once)[0] - run(inside, prepare)[0])
    assert steps[0] == steps[1]


@pytest.mark.parametrize("code", ["exec('x = 1')", "x = eval('1')", "run = exec\nrun('x = 1')"])
def test_what_cannot_be_counted_is_refused(inside: Inside, code: str) -> None:
    """Code within a text would do its work unseen."""
    with pytest.raises(SyntaxError, match="cannot be counted"):
        run(inside, code)


def test_limit_ends_an_endless_loop(inside: Inside) -> None:
    """Code is stopped at the limit, also where it catches every Exception."""
    with pytest.raises(inside.counting.TooMuchWork):
        run(inside, "while True:\n    try:\n        x = 1\n    except Exception:\n        pass", limit=10_000)
