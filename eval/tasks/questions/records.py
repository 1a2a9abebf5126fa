"""The records of the task: a question with its answer, and a citation held against it.

They are written to disk as JSON with these field names, so a field is added, never renamed. Lines are 1-based and
inclusive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "default",
    "constant",
    "raises",
    "base",
    "caller",
    "parameter",
    "returns",
    "overrides",
    "member",
    "environment",
    "config",
    "file",
    "unanswerable",
]
KINDS: tuple[Kind, ...] = ("default", "constant", "raises", "base", "caller")  # of Python's own syntax trees
ALL_KINDS: tuple[Kind, ...] = (
    *KINDS,
    *("parameter", "returns", "overrides", "member", "environment", "config", "file", "unanswerable"),
)

# How an answer looks and is compared. That of an unanswerable question is what its words ask for.
Form = Literal["value", "name", "type", "path"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with a checkable answer.

    ``symbol`` is what the question names, as a dotted name without its file; ``detail`` the parameter or field of
    it, or empty. ``answer`` is Python source (a literal, or a dotted name), ``accepted`` are alternatives to it.
    ``start_line`` to ``end_line`` of ``path`` are the lines that hold the answer. ``is_named`` is false where the
    question describes the symbol and does not name it. An unanswerable one has no answer and no such lines.
    """

    id: str
    kind: Kind
    text: str
    answer: str
    accepted: Sequence[str]
    path: str
    start_line: int
    end_line: int
    symbol: str
    detail: str = ""
    language: str = "python"
    form: Form | None = None
    is_named: bool = True

    @property
    def asks_for(self) -> Form:
        """The form of the answer, also of questions that were stored before there was one."""
        return self.form or ("value" if self.kind in ("default", "constant") else "name")


def identify(kind: str, place: str, text: str) -> str:
    """A question's id: the same as long as its words and its file are."""
    return hashlib.sha256(f"{kind}\0{place}\0{text}".encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class CitedLines:
    """A citation of an answer, judged. ``on_answer`` says whether it overlaps the lines that hold the answer.

    ``holds_answer`` is also true where it does not, but its text has both the answer and the name that is asked about.
    """

    passage: int
    path: str
    start_line: int
    end_line: int
    text: str
    on_answer: bool
    holds_answer: bool
