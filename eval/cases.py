"""The records that every task shares: a case, its score, and the result of one case under one arm.

They are written to disk as JSON with these field names, so a field is added, never renamed. Lines are 1-based and
inclusive; paths are relative to the repository's root, with forward slashes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from assistant.records import Purpose

Verdict = Literal["correct", "wrong", "unanswered", "error"]
UNANSWERABLE = "unanswerable"  # the kind of a question whose answer is not in the code: right is to refuse it

# Of ``Result.extra``: why nothing is known of a second try; from which pass of ``ContextMaker.placebo`` code is; and
# what retrieval took, which a placebo should have.
FOLLOW_UP_ERROR, PLACEBO_PASS, PLACEBO_TARGET = "follow_up_error", "placebo_pass", "placebo_target_tokens"
_SHORT = 0.8  # a placebo of less than that part of its target is said
# Of ``Case.data`` and ``Result.extra``: how many bugs were planted in the original, and how many its tests noticed.
# They say something of a case and decide neither prompt nor verdict.
N_MUTANTS, N_KILLED = NOT_DECISIVE = ("n_mutants", "n_killed")


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a file of the repository."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Case:
    """One item of a task, the same in all arms.

    ``path`` is the file that it was made from: cases of one file are not independent. ``prompt`` is the user's
    message, with what context of its own file the task gives; ``query`` is what retrieval searches for. ``sources``
    are the lines that help, counted in the harvest's tree where it has one: for a question those that hold the answer,
    for code the definitions that the original uses. They are what the oracle gives, and what tells whether retrieval
    found the right code; a case without any is left out of that split. ``language`` is that of ``indexer.languages``,
    empty where there is none. ``data`` is what the task's scorer needs, as JSON. ``ref`` is that of the tree which is
    searched for this case, empty where all share one.
    """

    id: str
    task: str
    kind: str
    path: str
    prompt: str
    query: str
    sources: Sequence[Span] = ()
    language: str = ""
    purpose: Purpose = "code"
    data: Mapping[str, Any] = field(default_factory=dict)
    ref: str = ""

    @property
    def is_unanswerable(self) -> bool:
        """Whether it is a question that has no answer in the code."""
        return self.kind.startswith(UNANSWERABLE)

    def decisive(self) -> dict[str, Any]:
        """The case as JSON, with all that decides prompts and verdicts."""
        fields = asdict(self)
        fields["data"] = {name: value for name, value in self.data.items() if name not in NOT_DECISIVE}
        return fields


@dataclass(frozen=True, slots=True)
class Score:
    """What an answer is worth. "No answer" is kept apart from a wrong one, but is not correct either.

    A crash or a time-out of what the model wrote is ``wrong``, with its reason; ``error`` is a failure of the
    evaluation or of the model's server, after which nothing is known. ``normalised`` is what was compared or run.
    ``measures`` are figures beside the verdict, such as ``speedup``. ``timed_out``: the clock ended what was run, so
    that it is run again by the next start.
    """

    verdict: Verdict
    explanation: str
    normalised: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)
    timed_out: bool = False

    @property
    def is_correct(self) -> bool:
        """Whether the answer counts: only ``correct`` does."""
        return self.verdict == "correct"


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """Where a passage of the prompt came from. Its text is in the prompt."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer of the model: the first, or one after a follow-up. ``messages`` is the prompt as it was sent.

    ``seconds`` is the model's time, as measured when it was asked, also where the answer came from the cache;
    ``prompt_seconds`` of them passed before the first token. ``scoring_seconds`` is what the score took. With
    ``is_estimate`` the tokens follow from the length of the texts, since the model's server says none.
    """

    messages: Sequence[Mapping[str, str]]
    text: str
    score: Score
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    prompt_seconds: float
    scoring_seconds: float
    is_cached: bool = False
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One case under one arm. The verdict is that of the first attempt; ``attempts`` may hold a follow-up.

    ``found_sources`` says whether a passage shows lines of the case's sources; None without sources.
    ``context_tokens`` is what the passages took. With verdict ``error`` there may be no attempt: ``score`` says why.
    ``extra`` holds what one task reports beside, such as citations judged.
    """

    repo: str
    task: str
    model: str
    arm: str
    case_id: str
    kind: str
    path: str
    language: str
    score: Score
    attempts: Sequence[Attempt]
    passages: Sequence[ShownPassage]
    found_sources: bool | None
    context_tokens: int
    retrieval_ms: float
    confidence: float | None = None
    abstained: bool = False
    unknown_names: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_unanswerable(self) -> bool:
        """Whether the question has no answer in the code."""
        return self.kind.startswith(UNANSWERABLE)

    @property
    def is_short_placebo(self) -> bool:
        """Whether it is a placebo of less than 80 % of what retrieval took."""
        return self.context_tokens < _SHORT * float(self.extra.get(PLACEBO_TARGET, 0))

    @property
    def cluster(self) -> str:
        """What a case depends on others by: its file, or itself where it is of none."""
        return self.path or self.case_id
