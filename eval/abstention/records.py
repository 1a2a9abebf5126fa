"""The records of the fit: a question with its places, and what asking it of a repository gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.retrieval.records import RelevantPlace

QuestionKind = Literal["written", "mined", "harvested", "short", "unanswerable"]


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question that ``repository`` answers at ``places``: written by people, or made from docstrings, syntax, names.

    An ``unanswerable`` one has no places: it puts names of the repository together as they are nowhere in it.
    ``names``: what it was made from: another repository that defines one of them may answer it, too.
    """

    text: str
    repository: str
    kind: QuestionKind
    places: Sequence[RelevantPlace]
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class IndexedRepository:
    """An index with the questions that it can answer."""

    name: str
    index: str
    ref: str
    language: str
    questions: Sequence[KnownQuestion]


@dataclass(frozen=True, slots=True)
class Case:
    """A question asked of ``repository``: its own, or one of another repository.

    ``holds`` says whether the hits hold the answer, which those for another repository's question and for an
    unanswerable one do not.
    """

    repository: str
    language: str
    question: KnownQuestion
    source_language: str
    signals: Mapping[str, float]
    holds: bool

    @property
    def is_own(self) -> bool:
        """Whether the repository can answer the question at all."""
        return self.question.repository == self.repository and self.question.kind != "unanswerable"

    @property
    def is_foreign(self) -> bool:
        """Whether it is another repository's question."""
        return self.question.repository != self.repository
