"""All questions about a repository in the order in which they are asked: any head of it is balanced.

Kinds take turns, within a kind files do, and questions that name their symbol alternate with those that describe it.
Every sixth question has no answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from eval.tasks.ordering import Shares, take_turns

from .askable import is_asked_file
from .describe import Describer
from .harvest import find_questions
from .keys import find_config_questions
from .kinds import find_code_questions
from .outline import read_outline
from .records import ALL_KINDS, Kind, Question
from .sampling import answer_group, cap, spread
from .syntax import read_codebase
from .unanswerable import find_unanswerable

_ANSWERABLE_IN_TURN = 5  # then one that has no answer
_MAX_OF_KIND = 200  # more than a run asks; each is described, which takes time


@dataclass(frozen=True, slots=True)
class Collection:
    """The questions in order; ``n_found`` counts what could be asked before shares and limits."""

    questions: Sequence[Question]
    n_found: int


def collect_questions(files: Iterable[tuple[str, str]], seed: int) -> Collection:
    """The questions that ``(path, text)`` of a repository's files give. A function of the files and ``seed``."""
    files = sorted(files)
    outline = read_outline(files)
    python = read_codebase([file for file in files if file[0].endswith(".py")])
    found = [
        *(question for question in find_questions(python) if is_asked_file(question.path)),
        *find_code_questions(outline),
        *find_config_questions(files),
    ]
    describer = Describer(outline)
    queues = []
    for kind in ALL_KINDS:
        ordered = spread([question for question in found if question.kind == kind], f"{seed}/{kind}")
        queues.append(cap(list(_alternate(cap(ordered)[: 2 * _MAX_OF_KIND], describer))[:_MAX_OF_KIND]))
    answerable = list(_describe_a_third(list(take_turns(queues))))
    return Collection(list(_mix(answerable, find_unanswerable(outline, seed))), len(found))


def _alternate(questions: Sequence[Question], describer: Describer) -> Iterator[Question]:
    """One that describes its symbol, one that names it, and so on as long as both last."""
    pairs = [(question, describer.describe(question) if question.is_named else question) for question in questions]
    plain = [question for question, described in pairs if described is None]
    both = [(question, described) for question, described in pairs if described is not None]
    first_plain = first_both = 0
    while first_plain < len(plain) or first_both < len(both):
        if first_both < len(both):
            yield both[first_both][1]
            first_both += 1
        if first_plain < len(plain):
            yield plain[first_plain]
            first_plain += 1
        elif first_both < len(both):
            yield both[first_both][0]
            first_both += 1


def _describe_a_third(questions: Sequence[Question]) -> Iterator[Question]:
    """The same order, but for descriptions that are drawn forward so that each head has a third of them.

    Moving them changes what a kind has taken so far, so the share of each answer is held here again.
    """
    described = [question for question in questions if not question.is_named]
    named = [question for question in questions if question.is_named]
    ranks = {id(question): rank for rank, question in enumerate(questions)}
    shares: dict[Kind, Shares] = defaultdict(Shares)
    n_described = 0
    for n in range(1, len(questions) + 1):
        open_described = next((each for each in described if shares[each.kind].allow(answer_group(each))), None)
        open_named = next((each for each in named if shares[each.kind].allow(answer_group(each))), None)
        if open_described is None and open_named is None:
            return
        is_due = 3 * n_described < n
        if open_described is not None and (
            open_named is None or is_due or ranks[id(open_described)] < ranks[id(open_named)]
        ):
            chosen = open_described
            described.remove(chosen)
            n_described += 1
        else:
            assert open_named is not None
            chosen = open_named
            named.remove(chosen)
        shares[chosen.kind].take(answer_group(chosen))
        yield chosen


def _mix(answerable: Sequence[Question], unanswerable: Sequence[Question]) -> Iterator[Question]:
    left = iter(unanswerable)
    for number, question in enumerate(answerable, 1):
        yield question
        if number % _ANSWERABLE_IN_TURN == 0 and (other := next(left, None)) is not None:
            yield other
