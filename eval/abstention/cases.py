"""Questions asked of the repository that answers them, and of one that does not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from assistant.search import Searcher, SearchOptions
from assistant.signals import read_query
from assistant.targets import Target
from eval.errors import HarvestError
from eval.python_questions import harvest_questions
from eval.retrieval.indexes import ensure_index, index_name
from eval.retrieval.records import RelevantPlace
from eval.retrieval.relevance import rank_places
from eval.retrieval.run import OpenedRepository, open_suite
from eval.sources import read_python_files
from eval.tasks.questions.wording import word_question
from indexer.home import open_index
from indexer.repository import FolderSource, Source
from indexer.settings import IndexerSettings

from .records import Case, IndexedRepository, KnownQuestion, QuestionKind
from .short import ask_shortly

_N_HARVESTED = 60  # of one repository: Python is but one of the languages
_K = 10


def open_repositories(
    suite: tuple[Path, Path], kind: QuestionKind, settings: IndexerSettings
) -> list[IndexedRepository]:
    """The repositories of a suite, indexed, with its questions and those that their Python files give."""
    return [_open(opened, kind, settings) for opened in open_suite(*suite, settings)]


def open_reported(folder: Path, name: str, n_questions: int, settings: IndexerSettings) -> IndexedRepository:
    """A package that nothing was fitted on, with ``n_questions`` harvested from it. Raises HarvestError."""
    source = FolderSource(folder.resolve())
    questions = _harvest(source, name, n_questions, settings)
    if len(questions) < n_questions:
        raise HarvestError(f"Only {len(questions)} questions can be made from {folder}: ask for fewer.")
    index = index_name(name, source, settings, is_masked=False)
    ensure_index(source, index, settings)
    questions += ask_shortly(open_index(settings.home, index, source.ref), name)
    return IndexedRepository(name, index, source.ref, "python", questions)


def ask_own(repository: IndexedRepository, searcher: Searcher) -> list[Case]:
    """All of the repository's own questions, asked of it; none where it is too small to be judged."""
    cases = [_ask(repository, question, repository.language, searcher) for question in repository.questions]
    return [case for case in cases if case.signals]


def ask_foreign(
    repository: IndexedRepository, others: Sequence[IndexedRepository], searcher: Searcher, *, seed: int = 0
) -> list[Case]:
    """As many questions of ``others``, asked of ``repository``: half of them of its own language, if there are any.

    A question made of a name alone is left out where the repository defines that name: it would be answered.
    """
    chance = random.Random(f"{seed}/{repository.name}")
    near = [(q, other) for other in others if other.language == repository.language for q in other.questions]
    far = [(q, other) for other in others if other.language != repository.language for q in other.questions]
    chance.shuffle(near)
    chance.shuffle(far)
    n = len(repository.questions)
    near_half = near[: n // 2]
    chosen = [*near_half, *far[: n - len(near_half)]]
    cases = [
        _ask(repository, question, other.language, searcher)
        for question, other in chosen
        if not _is_defined(repository, question, searcher)
    ]
    return [case for case in cases if case.signals]


def _open(opened: OpenedRepository, kind: QuestionKind, settings: IndexerSettings) -> IndexedRepository:
    name = opened.repository.name
    index = index_name(name, opened.source, settings, is_masked=False)
    ensure_index(opened.source, index, settings)
    asked = [KnownQuestion(question.query, name, kind, question.relevant) for question in opened.questions]
    if opened.repository.language == "python":
        asked += _harvest(opened.source, name, _N_HARVESTED, settings)
    asked += ask_shortly(open_index(settings.home, index, opened.source.ref), name)
    return IndexedRepository(name, index, opened.source.ref, opened.repository.language, asked)


def _harvest(source: Source, name: str, n: int, settings: IndexerSettings) -> list[KnownQuestion]:
    """Questions made from syntax; every second one with the words that say how an evaluation wants its answer."""
    python = read_python_files(source, settings.max_file_bytes)
    questions = harvest_questions(python.files, 0)[:n]
    return [
        KnownQuestion(
            word_question(question) if number % 2 else question.text,
            name,
            "harvested",
            (RelevantPlace(question.path, question.start_line, question.end_line),),
        )
        for number, question in enumerate(questions)
    ]


def _ask(repository: IndexedRepository, question: KnownQuestion, source_language: str, searcher: Searcher) -> Case:
    found = searcher.search(
        repository.index, question.text, k=_K, ref=repository.ref, options=SearchOptions(for_context=True)
    )
    is_own = question.repository == repository.name
    holds = is_own and any(rank is not None for rank in rank_places([hit.chunk for hit in found.hits], question.places))
    return Case(repository.name, repository.language, question, source_language, found.confidence_signals, holds)


def _is_defined(repository: IndexedRepository, question: KnownQuestion, searcher: Searcher) -> bool:
    query = read_query(question.text)
    names = query.names if query.is_name else question.names
    index = searcher.open(Target(repository.index, repository.ref)).index
    return any(len(index.words.find(name, "defines", 1)) for name in names)
