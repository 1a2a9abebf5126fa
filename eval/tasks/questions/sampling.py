"""Which questions are asked first: any head of the order is balanced over kinds and files, and no guess pays off.

An answer that is easy to guess must not carry the figures. So in any head of a kind's questions one answer, and all
the trivial literals together, make up at most a quarter (rounded up): who always says `ValueError` gets no further.
"""

from __future__ import annotations

import ast
import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from .literals import canonical
from .records import KINDS, Question

_SHARE = 4  # one answer in at most one of four questions of a kind
# What a function's default or a constant usually is, whatever its name.
_TRIVIAL = frozenset(("None", "True", "False", "0", "1", "0.0", "1.0", "''", "b''", "()", "[]", "{}"))
# The same in the other languages and in configuration, and what most functions return.
_TRIVIAL_VALUES = _TRIVIAL | frozenset(
    ("true", "false", "null", "nil", "undefined", "nullptr", "NULL", '""', "-1", "yes", "no", '"true"', '"false"')
)
_TRIVIAL_TYPES = frozenset(
    "None void bool boolean Boolean int Int string String str error Unit () !void char * static".split()
)


def balance(questions: Sequence[Question], seed: int) -> list[Question]:
    """``questions`` in turns over the kinds, within a kind over the files. What exceeds its share is left out."""
    queues = [cap(spread([q for q in questions if q.kind == kind], f"{seed}/{kind}")) for kind in KINDS]
    return list(take_turns(queues))


def is_trivial_answer(question: Question) -> bool:
    """Whether an answer is what most values or return types are, in the question's language."""
    if question.asks_for == "type":
        return question.answer in _TRIVIAL_TYPES
    return question.answer in (_TRIVIAL if question.language == "python" else _TRIVIAL_VALUES)


def take_turns(queues: Sequence[Sequence[Question]]) -> Iterator[Question]:
    """The first of each queue, then the second of each, and so on."""
    for turn in range(max((len(queue) for queue in queues), default=0)):
        for queue in queues:
            if turn < len(queue):
                yield queue[turn]


def spread(questions: Sequence[Question], seed: str) -> list[Question]:
    """One question of each file, then a second one of each, and so on; files and questions shuffled by ``seed``."""
    by_file: dict[str, list[Question]] = defaultdict(list)
    for question in sorted(questions, key=lambda q: (q.path, q.start_line, q.id)):
        by_file[question.path].append(question)
    chance = random.Random(seed)
    files = list(by_file.values())
    chance.shuffle(files)
    for file in files:
        chance.shuffle(file)
    return list(take_turns(files))


def cap(questions: Sequence[Question]) -> list[Question]:
    """As near to the given order as the share of each answer allows.

    A group of which ``c`` questions were taken may give its next one when ``4 c`` were taken in all.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for rank, question in enumerate(questions):
        groups[_answer_group(question)].append(rank)
    open_heads = [(ranks[0], group, 0) for group, ranks in groups.items()]
    heapq.heapify(open_heads)
    waiting: list[tuple[int, int, str, int]] = []  # (opens at this many taken, rank, group, taken of the group)
    taken: list[Question] = []
    while True:
        while waiting and waiting[0][0] <= len(taken):
            _, rank, group, n_taken = heapq.heappop(waiting)
            heapq.heappush(open_heads, (rank, group, n_taken))
        if not open_heads:
            return taken
        rank, group, n_taken = heapq.heappop(open_heads)
        taken.append(questions[rank])
        n_taken += 1
        if n_taken < len(groups[group]):
            heapq.heappush(waiting, (_SHARE * n_taken, groups[group][n_taken], group, n_taken))


class Shares:
    """Which answers were taken so far in each kind, and which may be taken next."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._of_answer: Counter[tuple[str, str]] = Counter()

    def allow(self, question: Question) -> bool:
        """Whether its answer keeps its share of the kind."""
        return _SHARE * self._of_answer[question.kind, _answer_group(question)] <= self._taken[question.kind]

    def take(self, question: Question) -> None:
        """Count a question."""
        self._taken[question.kind] += 1
        self._of_answer[question.kind, _answer_group(question)] += 1


def _answer_group(question: Question) -> str:
    """Questions that the same guess answers."""
    if is_trivial_answer(question):
        return "trivial"
    if question.asks_for == "value":
        is_python = question.language == "python"
        return repr(ast.literal_eval(question.answer) if is_python else canonical(question.answer))
    return question.answer.rpartition(".")[2] if question.asks_for == "name" else question.answer
