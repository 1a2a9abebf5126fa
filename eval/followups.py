"""How well follow-up questions are searched: as they stand, made standalone, and as one would have asked at once.

python -m eval.followups PATH…     prints a table; each PATH is a repository with Python files

Conversations are made from harvested questions: a first question is about a symbol, then one that only says "it".
"""

from __future__ import annotations

import ast
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant.conversations.followups import make_standalone
from assistant.records import Message
from assistant.search import Searcher, SearchOptions
from assistant.targets import Target
from eval.tasks.questions.harvest import find_questions
from eval.tasks.questions.records import Question
from eval.tasks.questions.syntax import Codebase, is_own_source, read_codebase
from indexer.build import build_index
from indexer.repository import open_source
from indexer.settings import IndexerSettings

from .sources import read_python_files
from .tables import to_table

N_QUESTIONS = 150  # a repository
K = 10
_FOLLOW_UPS = {
    "default": "What is the default of its parameter {detail}?",
    "constant": "What is its value?",
    "raises": "Which exception does it raise?",
    "base": "Which class does it inherit from?",
    "caller": "Who calls it?",
}


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A conversation whose last question is ``question``; ``standalone`` asks the same at once. Lines are 1-based."""

    kind: str
    history: Sequence[Message]
    question: str
    standalone: str
    path: str
    start_line: int
    end_line: int


def make_follow_ups(codebase: Codebase, seed: int = 0) -> list[FollowUp]:
    """Conversations about the symbols of a repository, in an order by chance, and changes of subject among them.

    ``kind`` is that of the harvested question, or ``file``; with ``named by answer``, only the answer named the symbol;
    with ``third turn``, the question before it said "it" as well; ``new subject`` is a whole question about another.
    """
    chance = random.Random(seed)
    questions = [question for question in find_questions(codebase) if question.kind in _FOLLOW_UPS]
    chance.shuffle(questions)
    definitions = {d.name: d for d in codebase.definitions if not d.is_local and is_own_source(d.path)}
    made: list[FollowUp] = []
    for number, question in enumerate(questions[:N_QUESTIONS]):
        definition = definitions.get(question.symbol)
        summary = _summarise(definition.node) if definition is not None else ""
        asks = _FOLLOW_UPS[question.kind].format(detail=question.detail)
        named = _turn(f"What does `{question.symbol}` do?", summary or f"It stands in {question.path}.")
        made.append(_follow_up(question.kind, named, asks, question))
        if summary:
            found = _turn(f"Where is this done: {summary}", f"`{question.symbol}` does that [1].")
            made.append(_follow_up(f"{question.kind}, named by answer", found, asks, question))
        again = [*named, *_turn("Is it tested?", "The passages do not show a test of it.")]
        made.append(_follow_up(f"{question.kind}, third turn", again, asks, question))
        other = questions[number - 1]
        before = _turn(f"What does `{other.symbol}` do?", "It does something else.")
        made.append(_follow_up("new subject", before, question.text, question))
        if definition is not None:
            line = definition.node.lineno
            whole = f"Which file defines `{definition.name}`?"
            asks = f"Which file defines that {'class' if isinstance(definition.node, ast.ClassDef) else 'function'}?"
            made.append(FollowUp("file", named, asks, whole, definition.path, line, line))
    return made


def measure(
    searcher: Searcher, repo: str, follow_ups: Sequence[FollowUp]
) -> dict[str, tuple[int, float, float, float]]:
    """By kind: how many there are, and recall@10 as asked, made standalone, and asked at once."""
    sums: dict[str, list[int]] = {}
    for each in follow_ups:
        rewritten = make_standalone(each.question, each.history, partial(searcher.defines, [Target(repo)]))
        texts = (each.question, rewritten, each.standalone)
        found = [_is_found(searcher, repo, text, each) for text in texts]
        row = sums.setdefault(each.kind, [0, 0, 0, 0])
        for column, value in enumerate([1, *found]):
            row[column] += value
    return {kind: (n, a / n, b / n, c / n) for kind, (n, a, b, c) in sorted(sums.items())}


def _is_found(searcher: Searcher, repo: str, text: str, each: FollowUp) -> bool:
    hits = searcher.search(repo, text, k=K, options=SearchOptions(for_context=True)).hits
    return any(
        hit.chunk.path == each.path and hit.chunk.start_line <= each.end_line and hit.chunk.end_line >= each.start_line
        for hit in hits
    )


def _follow_up(kind: str, history: Sequence[Message], asks: str, question: Question) -> FollowUp:
    return FollowUp(kind, history, asks, question.text, question.path, question.start_line, question.end_line)


def _turn(question: str, answer: str) -> list[Message]:
    return [Message("user", question), Message("assistant", answer)]


def _summarise(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """The first sentence of a docstring, or nothing."""
    return " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split()).split(". ")[0]


def _measure_paths(paths: Sequence[str]) -> Iterator[tuple[str, dict[str, tuple[int, float, float, float]]]]:
    with tempfile.TemporaryDirectory() as home:
        settings = IndexerSettings(home=Path(home))
        for path in paths:
            source = open_source(path, clones=settings.home / "clones")
            name = Path(path).resolve().name
            build_index(source, name, settings)
            codebase = read_codebase(read_python_files(source, settings.max_file_bytes))
            yield name, measure(Searcher(settings.home), name, make_follow_ups(codebase))


def main(paths: Sequence[str]) -> None:
    """Print the table of every repository."""
    rows = [
        [name, kind, str(n), *(f"{recall:.3f}" for recall in recalls)]
        for name, kinds in _measure_paths(paths)
        for kind, (n, *recalls) in kinds.items()
    ]
    print(to_table(["repository", "kind", "n", "as asked", "made standalone", "asked at once"], rows))


if __name__ == "__main__":
    main(sys.argv[1:])
