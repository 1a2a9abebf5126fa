"""Questions asked of the repository that answers them, and of one that does not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from assistant.search import Searcher, SearchOptions
from assistant.signals import read_query
from assistant.targets import Target
from eval.errors import HarvestError
from eval.retrieval.indexes import ensure_index, index_name
from eval.retrieval.records import RelevantPlace
from eval.retrieval.relevance import rank_places
from eval.retrieval.run import OpenedRepository, open_suite
from eval.sources import read_source_files
from eval.tasks.questions.collecting import collect_questions
from eval.tasks.questions.records import Question
from eval.tasks.questions.wording import word_question
from indexer.home import open_index
from indexer.repository import FolderSource, Source
from indexer.settings import IndexerSettings

from .records import Case, IndexedRepository, KnownQuestion, QuestionKind
from .short import ask_shortly

_N_HARVESTED = 30  # of one repository, and a third as many that have no answer
_K = 10


def open_repositories(
    suite: tuple[Path, Path], kind: QuestionKind, settings: IndexerSettings
) -> list[IndexedRepository]:
    """The repositories of a suite, indexed, with its questions and those that their code gives."""
    return [_open(opened, kind, settings) for opened in open_suite(*suite, settings)]


def open_reported(folder: Path, name: str, n_questions: int, settings: IndexerSettings) -> IndexedRepository:
    """A package that nothing was fitted on, with ``n_questions`` harvested from it, and a third as many without an
    answer. Raises HarvestError."""
    source = FolderSource(folder.resolve())
    questions = _harvest(source, name, n_questions, settings)
    n_made = sum(question.kind == "harvested" for question in questions)
    if n_made < n_questions:
        raise HarvestError(f"Only {n_made} questions can be made from {folder}: ask for fewer.")
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
    asked = [(q, other) for other in others for q in other.questions if q.kind != "unanswerable"]
    near = [(q, other) for q, other in asked if other.language == repository.language]
    far = [(q, other) for q, other in asked if other.language != repository.language]
    chance.shuffle(near)
    chance.shuffle(far)
    n = sum(question.kind != "unanswerable" for question in repository.questions)
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
    asked += _harvest(opened.source, name, _N_HARVESTED, settings)
    asked += ask_shortly(open_index(settings.home, index, opened.source.ref), name)
    return IndexedRepository(name, index, opened.source.ref, opened.repository.language, asked)


def _harvest(source: Source, name: str, n: int, settings: IndexerSettings) -> list[KnownQuestion]:
    """``n`` questions made from syntax, and a third as many that have no answer, as far as there are such."""
    found = collect_questions(read_source_files(source, settings.max_file_bytes), 0).questions
    unanswerable = [question for question in found if question.kind == "unanswerable"][: n // 3]
    answerable = [question for question in found if question.kind != "unanswerable"][:n]
    return [
        *(
            KnownQuestion(
                text, name, "harvested", (RelevantPlace(each.path, each.start_line, each.end_line, is_exact=True),)
            )
            for each, text in _word(answerable)
        ),
        *(KnownQuestion(text, name, "unanswerable", ()) for _, text in _word(unanswerable)),
    ]


def _word(questions: Sequence[Question]) -> list[tuple[Question, str]]:
    """Every second one with the words that say how an evaluation wants its answer."""
    return [(each, word_question(each) if number % 2 else each.text) for number, each in enumerate(questions)]


def _ask(repository: IndexedRepository, question: KnownQuestion, source_language: str, searcher: Searcher) -> Case:
    found = searcher.search(
        repository.index, question.text, k=_K, ref=repository.ref, options=SearchOptions(for_context=True)
    )
    ranks = rank_places([hit.chunk for hit in found.hits], question.places)
    holds = question.repository == repository.name and any(rank is not None for rank in ranks)
    return Case(repository.name, repository.language, question, source_language, found.confidence_signals, holds)


def _is_defined(repository: IndexedRepository, question: KnownQuestion, searcher: Searcher) -> bool:
    query = read_query(question.text)
    names = query.names if query.is_name else question.names
    index = searcher.open(Target(repository.index, repository.ref)).index
    return any(len(index.words.find(name, "defines", 1)) for name in names)
