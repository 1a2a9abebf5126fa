"""Counts what Python code does, the same on every machine and version: ``rewriting.py`` makes the code report it.

A statement costs STATEMENT; what a builtin does inside, which no trace shows, is charged by a table of how it grows:
scanning a list, copying, sorting, shifting. The weights are rounded from timings of CPython 3.11. Runs inside the
sandbox, on the standard library alone.
"""

from __future__ import annotations

import operator
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any

STATEMENT = 10  # one statement, one turn of a loop, one item of a comprehension
CALL = 5  # calling something that is written in C, one look-up in a dict or set
SCAN = 3  # looking at one item of a list: `in`, index, sum, min
SORT = 4  # one comparison of a sort, one level of a heap or of a bisection
COPIED_PER_STEP = 1  # items that are copied: slices, list(), +
MOVED_PER_STEP = 8  # items that move up when one before them goes: pop(0), insert
CHARACTERS_PER_STEP = 128  # of text copied or searched

_LISTS = (list, tuple, deque)
_VALUES: Any = type({}.values())
_HASHED: Any = (set, frozenset, dict, type({}.keys()), _VALUES, type({}.items()))
_TEXTS = (str, bytes, bytearray)
_SIZED: Any = (*_LISTS, *_HASHED, *_TEXTS, range)
_MAKERS = (list, tuple, set, frozenset, dict, deque, OrderedDict, defaultdict, str, bytes, bytearray)
_CONSTANT = frozenset(
    "len isinstance issubclass abs next iter ord chr hash id type range enumerate zip map filter reversed divmod pow"
    " round getattr setattr hasattr callable print repr append appendleft popleft popitem add discard get setdefault"
    " keys values items startswith endswith isdigit isalpha isalnum isspace cache_clear cache_info bit_length"
    " chain from_iterable accumulate combinations permutations product islice cycle repeat groupby pairwise"
    " starmap takewhile dropwhile zip_longest tee compress lru_cache cache cmp_to_key partial itemgetter attrgetter"
    " __new__ __init__ __setitem__ __getitem__ move_to_end".split()
)
# The methods of lists and of what is hashed that walk through it; all others cost a call.
_LIST_WALKS = frozenset("index count remove reverse copy clear insert __contains__ __eq__ __add__ __iadd__".split())
_HASH_WALKS = frozenset(
    "copy clear union intersection difference symmetric_difference intersection_update difference_update"
    " symmetric_difference_update issubset issuperset isdisjoint most_common elements subtract total".split()
)
_TAKES_ALL = frozenset({"update", "extend", "extendleft"})  # what they are given is walked through
_CONSUMERS = frozenset(
    "list tuple set frozenset dict deque OrderedDict sum min max any all sorted join extend update union intersection"
    " difference issubset issuperset extendleft Counter reduce fromkeys heapify nlargest nsmallest prod".split()
)
_LOGARITHMIC = frozenset("bisect bisect_left bisect_right heappush heappop heapreplace heappushpop".split())


class TooMuchWork(BaseException):
    """The code did more than it was allowed. No `except Exception` catches it."""


class Work:
    """The count, and the functions that rewritten code calls."""

    def __init__(self, limit: int | None = None) -> None:
        self.steps = 0
        self.limit = limit

    def add(self, steps: int) -> None:
        """Count. Raises TooMuchWork beyond the limit."""
        self.steps += steps
        if self.limit is not None and self.steps > self.limit:
            raise TooMuchWork

    def names(self) -> dict[str, Any]:
        """What rewritten code needs in its namespace."""
        return {
            "__work_tick__": self.add,
            "__work_each__": self.each,
            "__work_call__": self.call,
            "__work_in__": self.contains,
            "__work_compare__": self.compare,
            "__work_binary__": self.binary,
            "__work_in_place__": self.in_place,
            "__work_copied__": self.copied,
            "__work_unpacked__": self.unpacked,
            "__work_moved__": self.moved,
        }

    def each(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, each counted as a turn of a loop."""
        for item in items:
            self.add(STATEMENT)
            yield item

    def scanned(self, items: Iterator[Any]) -> Iterator[Any]:
        """The items of a lazy iterator that a builtin is about to consume."""
        for item in items:
            self.add(SCAN)
            yield item

    def contains(self, item: Any, container: Any) -> bool:
        """``item in container``."""
        if isinstance(container, Iterator) and not hasattr(container, "__contains__"):
            self.add(CALL)
            return item in self.scanned(container)
        if isinstance(container, (*_LISTS, _VALUES)):  # keys and items are looked up by their hash
            for number, held in enumerate(container, start=1):
                if held is item or held == item:
                    self.add(CALL + SCAN * number)
                    return True
            self.add(CALL + SCAN * len(container))
            return False
        self.add(CALL + (len(container) // CHARACTERS_PER_STEP if isinstance(container, _TEXTS) else 0))
        return item in container

    def compare(self, left: Any, right: Any, name: str) -> Any:
        """``left == right`` and the like: two equally long sequences may be looked at whole."""
        if isinstance(left, _SIZED) and type(left) is type(right):
            self.add(_size(left, SCAN) if len(left) == len(right) else 1)
        return getattr(operator, name)(left, right)

    def binary(self, left: Any, right: Any, name: str) -> Any:
        """``left + right`` and the like: a new sequence or set is a copy."""
        result = getattr(operator, name)(left, right)
        if isinstance(result, _SIZED):
            self.add(_size(left, 1) + _size(right, 1) if isinstance(result, _HASHED) else _size(result, 1))
        return result

    def in_place(self, left: Any, right: Any, name: str) -> Any:
        """``left += right``. CPython lengthens a string in place where it can, so only what is added counts."""
        result = getattr(operator, name)(left, right)
        if isinstance(result, (tuple, frozenset)) or name in ("imul", "imod"):
            self.add(_size(result, 1))
        elif isinstance(result, _SIZED):
            self.add(_size(right, 1))
        return result

    def copied(self, made: Any) -> Any:
        """What a slice, a display with a star or an f-string made."""
        if isinstance(made, _SIZED) and not isinstance(made, range):
            self.add(_size(made, COPIED_PER_STEP))
        return made

    def unpacked(self, items: Any) -> Any:
        """What a name with a star takes the most of."""
        if isinstance(items, Iterator):
            return self.scanned(items)
        self.add(_size(items, COPIED_PER_STEP))
        return items

    def moved(self, container: Any) -> Any:
        """What items are deleted from, or a slice is put into."""
        if isinstance(container, list):
            self.add(len(container) // MOVED_PER_STEP)
        return container

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call; what is not written in Python that was rewritten is charged by the table."""
        inner = getattr(function, "__func__", function)
        if isinstance(inner, types.FunctionType) and "__work_tick__" in inner.__globals__:
            return function(*args, **kwargs)
        if isinstance(function, type) and not issubclass(function, _MAKERS):
            self.add(CALL)
            return function(*args, **kwargs)
        name = getattr(function, "__name__", "")
        if name in _CONSUMERS:
            args = tuple(self.scanned(a) if isinstance(a, Iterator) else a for a in args)
        self.add(CALL + self.charge(name, getattr(function, "__self__", None), args))
        result = function(*args, **kwargs)
        if isinstance(result, _SIZED) and name not in _CONSTANT and name not in ("pop", "min", "max", "sum"):
            self.add(_size(result, COPIED_PER_STEP) if not isinstance(result, range) else 0)
        return result

    def charge(self, name: str, owner: Any, args: tuple[Any, ...]) -> int:
        """What a call of something written in C costs beyond the call."""
        if name in _CONSTANT:
            return 0
        if name in _LOGARITHMIC:
            return SORT * max((len(a).bit_length() for a in args if isinstance(a, list)), default=1)
        if name in ("insort", "insort_left", "insort_right"):
            return SORT * len(args[0]).bit_length() + len(args[0]) // MOVED_PER_STEP
        if name in ("sorted", "sort"):
            items = owner if name == "sort" else args[0] if args else ()
            n = len(items) if isinstance(items, _SIZED) else 0
            return SORT * n * max(1, n.bit_length())
        if isinstance(owner, list) and name in ("pop", "insert"):
            where = args[0] if args and isinstance(args[0], int) else len(owner)
            return max(0, len(owner) - (where if where >= 0 else len(owner) + where)) // MOVED_PER_STEP
        if name == "pop":
            return 0
        if name == "rotate" and isinstance(owner, deque):
            return min(len(owner), abs(args[0]) if args and isinstance(args[0], int) else 1)
        own = owner if isinstance(owner, _SIZED) else ()
        walks = _LIST_WALKS if isinstance(owner, _LISTS) else _HASH_WALKS if isinstance(owner, _HASHED) else {name}
        if name not in walks:
            own = ()
            args = args if name in _TAKES_ALL else ()
        elif name == "join":
            own = args[0] if args and isinstance(args[0], _SIZED) else ()
            args = ()
        return _size(own, SCAN) + sum(_size(a, SCAN) for a in args)


def _size(value: Any, weight: int) -> int:
    """The steps that looking at a container as a whole takes; nothing for anything else."""
    if isinstance(value, _TEXTS):
        return len(value) // CHARACTERS_PER_STEP
    return len(value) * weight if isinstance(value, _SIZED) else 0
