"""Asks the questions: opens a repository, indexes it, searches under each arm, scores what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from assistant.search import Searcher
from eval.errors import BadQueries, MissingCheckout
from indexer.errors import SourceError
from indexer.records import Hit
from indexer.repository import FolderSource, Source, default_name, open_source
from indexer.selection import decode, reason_by_name
from indexer.settings import IndexerSettings

from .arms import RetrievalArm
from .indexes import ensure_index, index_name
from .masking import MaskedSource
from .metrics import RECALL_DEPTHS, measure
from .queries import read_questions, read_suite
from .records import (
    ArmOutcome,
    IndexFigures,
    QuestionOutcome,
    RelevantPlace,
    RepositoryOutcome,
    RetrievalQuestion,
    SuiteRepository,
)
from .relevance import are_covered, is_of_file, lines_within, rank_places


@dataclass(frozen=True, slots=True)
class OpenedRepository:
    """A repository that can be read, its questions, and the blank lines of the files whose lines are asked for.

    ``form``: names what ``source`` changed in the files, which then have an index of their own; empty: nothing.
    """

    repository: SuiteRepository
    source: Source
    questions: Sequence[RetrievalQuestion]
    blank_lines: dict[str, set[int]]
    form: str = ""


def open_repository(path: str, queries: Path, settings: IndexerSettings) -> OpenedRepository:
    """One repository, by path or URL, with its file of questions. Raises a QuarryError in one line."""
    questions = read_questions(queries)
    source = open_source(path, clones=settings.home / "clones")
    return check_questions(SuiteRepository(default_name(path)), source, questions, str(queries), settings)


def open_suite(
    folder: Path, checkouts: Path, settings: IndexerSettings, only: Sequence[str] = ()
) -> list[OpenedRepository]:
    """All repositories of a suite, or those named in ``only``; everything that is missing is found here.

    A checkout that is a git repository is read at the suite's commit, whatever is checked out; where it does not hold
    that commit, a note of the source says so.
    """
    repositories = read_suite(folder)
    unknown = [name for name in only if all(name != repository.name for repository in repositories)]
    if unknown:
        names = ", ".join(repository.name for repository in repositories)
        raise BadQueries(f"The suite {folder} has no repository {unknown[0]!r}. It has: {names}.")
    chosen = [repository for repository in repositories if not only or repository.name in only]
    read = [(repository, folder / f"{repository.name}.jsonl") for repository in chosen]
    questions = [read_questions(path) for _, path in read]
    return [
        check_questions(repository, _open_checkout(repository, checkouts), asked, str(path), settings)
        for (repository, path), asked in zip(read, questions, strict=True)
    ]


def check_questions(
    repository: SuiteRepository,
    source: Source,
    questions: Sequence[RetrievalQuestion],
    queries: str,
    settings: IndexerSettings,
    *,
    form: str = "",
) -> OpenedRepository:
    """The repository with its questions, each checked against the files that there are.

    ``queries`` says where the questions are from. Raises BadQueries for one that no file can answer.
    """
    listing = source.list_files(partial(reason_by_name, max_file_bytes=settings.max_file_bytes))
    paths = [file.path for file in listing.files] + [skipped.path for skipped in listing.skipped]
    # Below a root paths may be listed from there, and a name of its own folder may come again further down.
    exact = frozenset(paths) if not repository.root else frozenset[str]()
    by_name: dict[str, list[str]] = {}
    for path in paths:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def matching(place: RelevantPlace) -> list[str]:
        return [known for known in by_name.get(place.path.rpartition("/")[2], []) if is_of_file(known, place)]

    questions = [
        replace(each, relevant=tuple(replace(place, is_exact=place.path in exact) for place in each.relevant))
        for each in questions
    ]
    with_lines: set[str] = set()
    for question in questions:
        found = [place for place in question.relevant if matching(place)]
        if not found:
            raise BadQueries(
                f"{queries}, line {question.line}: none of the relevant files is in {source.origin} "
                f"({', '.join(place.path for place in question.relevant[:3])})."
            )
        with_lines |= {path for place in found if place.start_line is not None for path in matching(place)}
    blank = {file.path: _blank_lines(source.read(file)) for file in listing.files if file.path in with_lines}
    return OpenedRepository(repository, source, questions, blank, form)


def evaluate(
    opened: OpenedRepository,
    arms: Sequence[RetrievalArm],
    settings: IndexerSettings,
    *,
    k: int = 10,
    fresh: bool = False,
    on_note: Callable[[str], None] | None = None,
) -> RepositoryOutcome:
    """All questions of one repository under all arms. ``settings`` are those of ``evaluation_settings``."""
    searcher = Searcher(settings.home)
    indexes: dict[bool, tuple[str, IndexFigures, MaskedSource | None]] = {}
    for is_masked in sorted({arm.is_masked for arm in arms}):
        masked = MaskedSource(opened.source) if is_masked else None
        source: Source = masked or opened.source
        name = index_name(opened.repository.name, source, settings, is_masked=is_masked, form=opened.form)
        indexes[is_masked] = name, ensure_index(source, name, settings, fresh=fresh, on_note=on_note), masked
    outcomes = []
    for arm in arms:
        name, figures, masked = indexes[arm.is_masked]

        def ask(query: str, arm: RetrievalArm = arm, name: str = name) -> Sequence[Hit]:
            n_hits = max(k, *RECALL_DEPTHS)
            return searcher.search(name, query, k=n_hits, ref=opened.source.ref, options=arm.options).hits

        outcomes.append(ArmOutcome(arm.name, figures, list(_ask(opened, ask, masked, k))))
    return RepositoryOutcome(opened.repository, opened.source.commit, outcomes)


def _ask(
    opened: OpenedRepository, ask: Callable[[str], Sequence[Hit]], masked: MaskedSource | None, k: int
) -> Iterator[QuestionOutcome]:
    ask(opened.questions[0].query)  # opens the index; what that takes is no part of a warm search
    answered: list[tuple[Sequence[Hit], float]] = []
    for question in opened.questions:
        started = time.perf_counter()
        hits = ask(question.query)
        query_ms = (time.perf_counter() - started) * 1000
        answered.append(([_unmask(hit, masked) for hit in hits] if masked else hits, query_ms))
    ranks = [
        rank_places([hit.chunk for hit in hits], question.relevant)
        for question, (hits, _) in zip(opened.questions, answered, strict=True)
    ]
    figures = measure(ranks, [len(hits) for hits, _ in answered], k)
    for question, (hits, query_ms), places, measures in zip(opened.questions, answered, ranks, figures, strict=True):
        shown = lines_within([hit.chunk for hit in hits[:k]])
        is_covered = are_covered(question.relevant, shown, opened.blank_lines)
        yield QuestionOutcome(question, hits, places, measures, is_covered, query_ms)


def _unmask(hit: Hit, masked: MaskedSource) -> Hit:
    return replace(hit, chunk=replace(hit.chunk, path=masked.true_path(hit.chunk.path)))


def _open_checkout(repository: SuiteRepository, checkouts: Path) -> Source:
    checkout = checkouts / repository.name
    url = repository.url or "URL"
    get = f"git clone {url} {checkout}" + (
        f" && git -C {checkout} checkout {repository.commit}" if repository.commit else ""
    )
    if not checkout.is_dir():
        raise MissingCheckout(f"The source of {repository.name} is not at {checkout}: run `{get}`.")
    folder = checkout / repository.root
    if not folder.is_dir():
        raise MissingCheckout(
            f"{checkout} has no folder {repository.root!r}, which is the part of {repository.name} to index: is it "
            f"the checkout of another repository or commit? `{get}` gives the right one."
        )
    if not (checkout / ".git").exists():
        plain = FolderSource(folder.resolve())  # also where it lies within some other repository
        plain.notes = ()  # that it has no commit is no news in a suite
        return plain
    if not repository.commit:
        return open_source(str(folder), clones=checkouts)
    try:
        return open_source(str(folder), clones=checkouts, ref=repository.commit)
    except SourceError as error:
        if not str(error).startswith("No ref"):
            raise
    # A copy whose history was made anew is still a copy; which commit it is, the figures say.
    source = open_source(str(folder), clones=checkouts)
    source.notes = (
        f"{checkout} does not hold the suite's commit {repository.commit}: what is checked out is measured. "
        f"`{get}` gives the right one.",
    )
    return source


def _blank_lines(content: bytes) -> set[int]:
    decoded = decode(content)
    lines = decoded.text.split("\n") if decoded is not None else []
    return {number for number, line in enumerate(lines, 1) if not line.strip()}
