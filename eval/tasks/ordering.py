"""The order in which a task asks: any head of it is balanced over kinds and files, and no guess pays off."""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_SHARE = 4  # one answer in at most one of four cases
# What a value usually is, whatever its name: Python's literals that are guessed first.
TRIVIAL = frozenset(("None", "True", "False", "0", "1", "0.0", "1.0", "''", "b''", "()", "[]", "{}"))


def take_turns(queues: Sequence[Sequence[T]]) -> Iterator[T]:
    """The first of each queue, then the second of each, and so on."""
    for turn in range(max(map(len, queues), default=0)):
        for queue in queues:
            if turn < len(queue):
                yield queue[turn]


def spread(items: Iterable[T], seed: str, file_of: Callable[[T], Hashable]) -> list[T]:
    """One item of each file, then a second one of each, and so on; files and items shuffled by ``seed``."""
    by_file: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        by_file[file_of(item)].append(item)
    chance = random.Random(seed)
    files = list(by_file.values())
    chance.shuffle(files)
    for file in files:
        chance.shuffle(file)
    return list(take_turns(files))


class Shares:
    """Which answers were taken so far, and which may be taken next: one makes up at most a quarter, rounded up."""

    def __init__(self) -> None:
        self._n_taken = 0
        self._of_answer: Counter[Hashable] = Counter()

    def allow(self, answer: Hashable) -> bool:
        """Whether one more of an answer keeps its share."""
        return _SHARE * self._of_answer[answer] <= self._n_taken

    def take(self, answer: Hashable) -> None:
        """Count one of an answer."""
        self._n_taken += 1
        self._of_answer[answer] += 1


def cap(items: Sequence[T], answer_of: Callable[[T], Hashable]) -> list[T]:
    """As near to the given order as ``Shares`` allow. What exceeds its share is left out."""
    ranks: dict[Hashable, list[int]] = defaultdict(list)
    for rank, item in enumerate(items):
        ranks[answer_of(item)].append(rank)
    open_heads = [(own[0], answer, 0) for answer, own in ranks.items()]
    heapq.heapify(open_heads)
    waiting: list[tuple[int, int, Hashable, int]] = []  # (opens at this many taken, rank, answer, taken of the answer)
    taken: list[T] = []
    while True:
        while waiting and waiting[0][0] <= len(taken):
            _, rank, answer, n_taken = heapq.heappop(waiting)
            heapq.heappush(open_heads, (rank, answer, n_taken))
        if not open_heads:
            return taken
        rank, answer, n_taken = heapq.heappop(open_heads)
        taken.append(items[rank])
        n_taken += 1
        if n_taken < len(ranks[answer]):
            heapq.heappush(waiting, (_SHARE * n_taken, ranks[answer][n_taken], answer, n_taken))
