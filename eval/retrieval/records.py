"""The records of the retrieval task: questions with the places that answer them, and what a search made of each.

Lines are 1-based and inclusive. Paths are from the repository's root, with forward slashes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.records import Hit


@dataclass(frozen=True, slots=True)
class RelevantPlace:
    """A file that answers a question, or lines of it. Both line numbers are given, or neither.

    ``is_exact``: the path is that of a file as the source lists it, so no other file's.
    """

    path: str
    start_line: int | None = None
    end_line: int | None = None
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class RetrievalQuestion:
    """A query and the places that answer it, none of which comes twice. ``line`` is where it stands in its file."""

    query: str
    relevant: Sequence[RelevantPlace]
    category: str
    line: int


@dataclass(frozen=True, slots=True)
class SuiteRepository:
    """One entry of a suite's ``repos.json``. ``root`` is the folder to index; empty: all of the repository."""

    name: str
    language: str = ""
    url: str = ""
    commit: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """What one arm found for one question.

    ``ranks``: for each relevant place the 1-based rank of the first hit in it, None if there is none.
    ``measures``: the figures by name. ``is_covered``: whether the first 1,000 tokens of hits hold all its lines; None
    for a question without lines.
    """

    question: RetrievalQuestion
    hits: Sequence[Hit]
    ranks: Sequence[int | None]
    measures: Mapping[str, float]
    is_covered: bool | None
    query_ms: float


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """An index that questions were asked of. ``seconds``: its build from nothing, also where it was kept from then."""

    n_files: int
    n_chunks: int
    seconds: float
    is_kept: bool


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """One arm over all questions of one repository, in their order."""

    arm: str
    index: IndexFigures
    questions: Sequence[QuestionOutcome]


@dataclass(frozen=True, slots=True)
class RepositoryOutcome:
    """All arms over one repository; the first is ``ranked``."""

    repository: SuiteRepository
    commit: str | None
    arms: Sequence[ArmOutcome]
