"""How well answers are grounded: are the cited lines those that hold the answer, and which names are invented?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.records import Citation, Passage
from eval.stats import Interval, accuracy_interval

from .records import CitedLines, Question


class GroundedAnswer(Protocol):
    """What the figures need of an answer."""

    @property
    def text(self) -> str:
        """The answer as it was shown, markers included."""

    @property
    def expected(self) -> str:
        """The right answer."""

    @property
    def retrieved_answer(self) -> bool:
        """Whether a passage of the prompt shows the lines that hold the answer."""

    @property
    def citations(self) -> Sequence[CitedLines]:
        """Its citations, judged."""

    @property
    def n_citations_removed(self) -> int:
        """Citations that the model wrote and nothing supports."""

    @property
    def unknown_names(self) -> Sequence[str]:
        """Names in it that exist nowhere."""


@dataclass(frozen=True, slots=True)
class GroundingSummary:
    """One arm's citations and names, over its ``n`` answers.

    Of ``n_citations``, ``n_on_answer`` overlap the answer's lines and ``n_holding`` hold the answer (``CitedLines``);
    ``precision`` is the share of the latter. In ``n_shown`` answers a passage of the prompt shows the answer's lines,
    in ``n_shown_cited`` of these a citation overlaps them: ``recall``. The same for those that also say the answer.
    ``n_removed`` are citations that the model wrote and nothing supports. ``n_with_unknown`` answers hold
    ``n_unknown`` names that exist nowhere.
    """

    arm: str
    n: int
    n_cited: int
    n_citations: int
    n_on_answer: int
    n_holding: int
    precision: float | None
    precision_interval: Interval | None
    n_shown: int
    n_shown_cited: int
    recall: float | None
    n_shown_right: int
    n_shown_right_cited: int
    n_removed: int
    n_with_unknown: int
    n_unknown: int
    unknown_interval: Interval


def judge_citation(citation: Citation, passages: Sequence[Passage], question: Question) -> CitedLines:
    """A citation with its text, held against the lines of the question's answer."""
    passage = next(passage for passage in passages if passage.number == citation.passage)
    lines = [
        line
        for index, line in enumerate(passage.text.split("\n"))
        if citation.start_line <= (passage.line_at(index) or 0) <= citation.end_line
    ]
    text = "\n".join(lines)
    on_answer = (
        citation.path == question.path
        and citation.start_line <= question.end_line
        and question.start_line <= citation.end_line
    )
    asked = question.detail or question.symbol.rpartition(".")[2]
    answers = (question.answer, *question.accepted)
    says_it = says(text, asked) and any(says(text, answer) for answer in answers)
    place = (citation.passage, citation.path, citation.start_line, citation.end_line)
    return CitedLines(*place, text, on_answer, on_answer or says_it)


def says(text: str, answer: str) -> bool:
    """Whether ``text`` holds an answer, a literal or the last part of a dotted name, as a word of its own."""
    wanted = answer.rpartition(".")[2] if re.fullmatch(r"[A-Za-z_][\w.]*", answer) else answer
    bare = wanted.strip("'\"") or wanted
    return re.search(rf"(?<!\w){re.escape(bare)}(?!\w)", text) is not None


def summarise_grounding(arm: str, answers: Sequence[GroundedAnswer]) -> GroundingSummary:
    """The figures of one arm; ``answers`` are those without an error, at least one."""
    citations = [citation for answer in answers for citation in answer.citations]
    n_holding = sum(citation.holds_answer for citation in citations)
    shown = [answer for answer in answers if answer.retrieved_answer]
    cited = [answer for answer in shown if any(citation.on_answer for citation in answer.citations)]
    right = [answer for answer in shown if says(answer.text, answer.expected)]
    n_with_unknown = sum(bool(answer.unknown_names) for answer in answers)
    return GroundingSummary(
        arm=arm,
        n=len(answers),
        n_cited=sum(bool(answer.citations) for answer in answers),
        n_citations=len(citations),
        n_on_answer=sum(citation.on_answer for citation in citations),
        n_holding=n_holding,
        precision=n_holding / len(citations) if citations else None,
        precision_interval=accuracy_interval(n_holding, len(citations)) if citations else None,
        n_shown=len(shown),
        n_shown_cited=len(cited),
        recall=len(cited) / len(shown) if shown else None,
        n_shown_right=len(right),
        n_shown_right_cited=sum(answer in cited for answer in right),
        n_removed=sum(answer.n_citations_removed for answer in answers),
        n_with_unknown=n_with_unknown,
        n_unknown=sum(len(answer.unknown_names) for answer in answers),
        unknown_interval=accuracy_interval(n_with_unknown, len(answers)),
    )
