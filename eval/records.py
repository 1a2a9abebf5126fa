"""The records of an evaluation: an answer under one arm, the configuration of a run.

They are written to disk as JSON with these field names, so a field is added, never renamed. Lines are
1-based and inclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.cases import Verdict
from eval.tasks.questions.records import CitedLines, Kind


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """Where a passage of the prompt came from. Its text is in the prompt."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """One question under one arm: a line of answers.jsonl.

    ``retrieved_answer`` says whether a passage overlaps the lines that hold the answer. With ``verdict`` `error`
    there is no answer: ``error`` is the reason, and tokens and seconds are 0. Where ``abstained``, the model was not
    asked, since ``confidence`` was too low.
    """

    question_id: str
    arm: str
    kind: Kind
    path: str
    question: str
    expected: str
    messages: Sequence[Mapping[str, str]]
    passages: Sequence[RetrievedPassage]
    text: str
    normalised: str
    verdict: Verdict
    explanation: str
    retrieved_answer: bool
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    timings_ms: Mapping[str, float]
    finish_reason: str
    error: str | None = None
    confidence: float | None = None
    abstained: bool = False
    citations: Sequence[CitedLines] = ()
    n_citations_removed: int = 0
    unknown_names: Sequence[str] = ()

    @property
    def is_correct(self) -> bool:
        """Whether the answer counts: only ``correct`` does."""
        return self.verdict == "correct"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that the answers depend on. Two runs may share a folder only if theirs are equal.

    ``content`` fingerprints the repository's files; ``commit`` is None for a folder without git. ``index`` names the
    encoder and the chunker.
    """

    task: str
    repo: str
    commit: str | None
    ref: str
    content: str
    model: str
    arms: Sequence[str]
    seed: int
    n_questions: int
    max_tokens: int
    context_tokens: int
    window_tokens: int
    index: str
    quarry_version: str
    prompt_version: str
    harvest_version: int
    scoring_version: int
    search_version: int
    context_version: int = 1  # of runs before there was one
    min_confidence: float = 0.0  # likewise
    grounding_version: int = 0
