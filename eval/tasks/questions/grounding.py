"""Citations held against the lines that hold the answer. Their figures are in the report."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.records import Citation, Passage

from .records import CitedLines, Question


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
