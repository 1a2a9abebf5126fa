"""Which recorded calls become cases: what a call must be, and in which order cases are asked.

An answer that is easy to guess must not carry the figures: in any head of a kind one answer, and all of the trivial
ones together, make up at most a quarter (rounded up).
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from eval.tasks.excerpts import FoundFunction
from eval.tasks.ordering import TRIVIAL, cap, take_turns
from eval.tasks.repository.records import Function

from .recording import Call

WITH_HELPERS, ALONE = "with helpers", "alone"  # the kinds: whether the function uses others of the repository
MAX_FUNCTION_CHARS = 2500
_MAX_VALUE_CHARS = 100  # longer ones test copying
_MAX_CALL_CHARS = 300
_MAX_OF_FUNCTION = 5
_NEAR_CHARS = 120  # a value so near to the arguments in some file would only have to be found
_MIN_TELLING_CHARS = 4  # of an argument: shorter ones stand everywhere
_TRIVIAL = TRIVIAL | {"-1", "set()"}
# What depends on more than the arguments, or does more than return.
_IMPURE = frozenset(
    "open input print random randint choice shuffle sample uuid1 uuid4 urandom time now today utcnow sleep "
    "perf_counter monotonic getenv environ getcwd listdir system popen Popen run socket urlopen request requests "
    "connect getpid token_hex token_urlsafe exit import_module expanduser expandvars abspath realpath gettempdir "
    "getuser gethostname".split()
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that may become a case. ``uses_others``: the function uses other definitions of the repository."""

    function: Function
    found: FoundFunction
    call: Call
    uses_others: bool

    @property
    def key(self) -> str:
        """What names the function."""
        return self.function.key

    @property
    def kind(self) -> str:
        """Whether what the call returns depends on other code of the repository."""
        return WITH_HELPERS if self.uses_others else ALONE


def kind_of_target(found: FoundFunction) -> str | None:
    """How a function is called: ``function``, ``staticmethod`` or ``classmethod``; None where a call needs an object,
    or its result is no value of its arguments alone."""
    node = found.node
    if isinstance(node, ast.AsyncFunctionDef):
        return None
    inside = [inner for statement in node.body for inner in ast.walk(statement)]
    if any(isinstance(inner, ast.Yield | ast.YieldFrom | ast.Global | ast.Nonlocal) for inner in inside):
        return None
    for inner in inside:
        name = inner.id if isinstance(inner, ast.Name) else inner.attr if isinstance(inner, ast.Attribute) else ""
        if name in _IMPURE:
            return None
    if not found.owners:
        return "function"
    decorators = {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}
    return next((kind for kind in ("staticmethod", "classmethod") if kind in decorators), None)


def reason_against(call: Call) -> str:
    """Why a call makes no case; empty if it may."""
    if call.value in call.arguments:
        return "returns its argument"
    if not call.arguments:
        return "has no arguments"
    if len(call.value) > _MAX_VALUE_CHARS or len(call.expression) > _MAX_CALL_CHARS:
        return "long values"
    if "`" in call.value + call.expression:
        return "backticks in values"  # which mark the answer
    return ""


def is_near_copy(call: Call, texts: Iterable[str]) -> bool:
    """Whether some text shows the value next to the arguments, as an example in a docstring does.

    ``texts`` are in lower case: `Glasses`, `Glass` shows what is made of `glasses`, too.
    """
    telling = sorted((_inside(argument) for argument in call.arguments), key=len)[-1]
    if len(telling) < _MIN_TELLING_CHARS:
        telling = call.expression.removeprefix(call.name.rpartition(".")[0] + ".")
    telling = telling.lower()
    value = re.compile(rf"(?<!\w){re.escape(_inside(call.value).lower())}(?!\w)")
    for text in texts:
        place = text.find(telling)
        while place >= 0:
            end = place + len(telling)
            if value.search(text[max(0, place - _NEAR_CHARS) : place] + "\0" + text[end : end + _NEAR_CHARS]):
                return True
            place = text.find(telling, end)
    return False


def order_candidates(candidates: Sequence[Candidate], seed: int) -> list[Candidate]:
    """The cases in the order in which they are asked: kinds in turns, within a kind files, then functions.

    What exceeds an answer's share is left out, and so are calls of one function beyond the fifth. A function's or a
    call's place is drawn by itself, so that one which goes leaves the others where they are.
    """
    queues = []
    for kind in (WITH_HELPERS, ALONE):
        of_kind = [candidate for candidate in candidates if candidate.kind == kind]
        spread = list(_spread(of_kind, f"{seed}/{kind}"))
        queues.append(cap(spread, lambda candidate: answer_group(candidate.call.value)))
    return list(take_turns(queues))


def answer_group(value: str) -> str:
    """Answers that the same guess meets."""
    return "trivial" if value in _TRIVIAL else value


def _spread(candidates: Sequence[Candidate], seed: str) -> Iterator[Candidate]:
    """First one call of each function, in turns over the files; then a second one of each, and so on."""
    by_function: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda c: (_draw(seed, c.function.key), _draw(seed, c.call.id))):
        by_function[candidate.function.key].append(candidate)
    rounds: list[dict[str, list[Candidate]]] = [defaultdict(list) for _ in range(_MAX_OF_FUNCTION)]
    for of_function in by_function.values():
        for turn, candidate in enumerate(_distinct_first(of_function)[:_MAX_OF_FUNCTION]):
            rounds[turn][candidate.function.path].append(candidate)
    for by_file in rounds:
        yield from take_turns(list(by_file.values()))


def _distinct_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Calls with a value of their own, those that are no trivial ones first; no value twice."""
    by_value: dict[str, Candidate] = {}
    for candidate in candidates:
        by_value.setdefault(candidate.call.value, candidate)
    return sorted(by_value.values(), key=lambda candidate: candidate.call.value in _TRIVIAL)


def _draw(seed: str, name: str) -> bytes:
    """By what things of equal right are sorted: chance, but the same for the same seed and name."""
    return hashlib.sha256(f"{seed}\0{name}".encode()).digest()


def _inside(literal: str) -> str:
    """A literal as it may stand in another spelling: a string without its quotes."""
    return literal[1:-1] if literal[:1] in "'\"" and len(literal) >= 2 else literal
