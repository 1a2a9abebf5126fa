"""Counts what Python code does, the same on every machine and version: its tree is rewritten so that it reports it.

A statement costs STATEMENT; what a builtin does inside, which no trace shows, is charged by a table of how it grows:
scanning a list, copying, sorting, shifting. The weights are rounded from timings of CPython 3.11. Runs inside the
sandbox, on the standard library alone.
"""

from __future__ import annotations

import ast
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
_LEFT_ALONE = frozenset({"super", "locals", "globals", "vars", "dir"})  # they look at their caller
_REFUSED = frozenset({"eval", "exec"})  # what they run cannot be counted


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


_COMPARED = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Mod: "mod",
    ast.BitOr: "or_",
    ast.BitAnd: "and_",
    ast.BitXor: "xor",
}


class _Rewriter(ast.NodeTransformer):
    """Puts the calls of Work into a tree."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and not isinstance(node, (ast.ClassDef, ast.Module)):
                setattr(node, name, _ticked(block))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        super().generic_visit(node)
        node.body = ast.BoolOp(ast.Or(), [_call("tick", ast.Constant(STATEMENT)), node.body])
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        super().generic_visit(node)
        if not node.is_async:
            node.iter = _call("each", node.iter)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _LEFT_ALONE:
            return node
        return ast.Call(ast.Name("__work_call__", ast.Load()), [node.func, *node.args], node.keywords)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        super().generic_visit(node)
        if len(node.ops) != 1:
            return node
        operation, right = node.ops[0], node.comparators[0]
        if isinstance(operation, ast.In):
            return _call("in", node.left, right)
        if isinstance(operation, ast.NotIn):
            return ast.UnaryOp(ast.Not(), _call("in", node.left, right))
        name = _COMPARED.get(type(operation))
        return _call("compare", node.left, right, ast.Constant(name)) if name else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        super().generic_visit(node)
        name = _OPERATORS.get(type(node.op))
        return _call("binary", node.left, node.right, ast.Constant(name)) if name else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        super().generic_visit(node)
        name = _OPERATORS.get(type(node.op))
        if not isinstance(node.target, ast.Name) or not name:
            return node
        name = "i" + name.rstrip("_")
        value = _call("in_place", ast.Name(node.target.id, ast.Load()), node.value, ast.Constant(name))
        return ast.Assign([node.target], value)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        super().generic_visit(node)
        if any(isinstance(each, ast.Starred) for target in node.targets for each in ast.walk(target)):
            node.value = _call("unpacked", node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        super().generic_visit(node)
        is_slice = isinstance(node.slice, ast.Slice)
        if isinstance(node.ctx, ast.Load):
            return _call("copied", node) if is_slice else node
        if is_slice or isinstance(node.ctx, ast.Del):
            node.value = _call("moved", node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        super().generic_visit(node)
        return _call("copied", node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = self.visit(node.value)
        if node.format_spec is not None:
            super().generic_visit(node.format_spec)  # a part of the f-string, which no call may stand for
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in _REFUSED:
            raise SyntaxError(f"the work of {node.id} cannot be counted")
        return node

    def visit_List(self, node: ast.List) -> ast.AST:
        return self._display(node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        return self._display(node)

    def visit_Set(self, node: ast.Set) -> ast.AST:
        return self._display(node)

    def _display(self, node: Any) -> ast.AST:
        super().generic_visit(node)
        is_read = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        return _call("copied", node) if is_read and any(isinstance(e, ast.Starred) for e in node.elts) else node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        for argument in (*node.posonlyargs, *node.args, *node.kwonlyargs):
            argument.annotation = None
        return super().generic_visit(node)

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        return node  # a pattern, which no call may stand in

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(f"__work_{name}__", ast.Load()), list(args), [])


def _ticked(block: list[ast.stmt]) -> list[ast.stmt]:
    """The block, which first counts its statements."""
    head = 0
    if isinstance(block[0], ast.Expr) and isinstance(block[0].value, ast.Constant):
        head = 1  # a docstring
    tick = ast.Expr(_call("tick", ast.Constant(STATEMENT * max(1, len(block) - head))))
    return [*block[:head], tick, *block[head:]]


def compile_counted(source: str, name: str) -> types.CodeType:
    """Code that needs ``Work.names`` in its namespace. Raises SyntaxError."""
    tree = _Rewriter().visit(ast.parse(source, name))
    return compile(ast.fix_missing_locations(tree), name, "exec")
