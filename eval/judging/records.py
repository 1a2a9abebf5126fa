"""The records of judging: what a judge said of two answers, and the figures over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eval.stats import Share

Side = Literal["A", "B", "tie"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a judge said of answers A and B. ``winner`` and scores (1 to 10) are None where they cannot be read.

    With ``is_estimate`` the tokens follow from the length of the texts.
    """

    text: str
    reasons: str
    winner: Side | None
    score_a: float | None
    score_b: float | None
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """A pair of answers to one case, judged in both orders: a line of DIR/judging/*.jsonl.

    ``forward`` saw the baseline's answer as A, ``backward`` the arm's. ``arm_passed`` and ``baseline_passed`` say which
    answers execution passed when they were judged; figures take it from the results.
    """

    judge: str
    rubric: str
    model: str
    repo: str
    task: str
    case_id: str
    arm: str
    baseline: str
    arm_passed: bool
    baseline_passed: bool
    answers: str
    forward: Reply
    backward: Reply

    @property
    def winners(self) -> Sequence[str | None]:
        """Whom each order prefers, by the arms' names or ``tie``; None where the reply cannot be read."""
        forward = {"A": self.baseline, "B": self.arm, "tie": "tie", None: None}[self.forward.winner]
        backward = {"A": self.arm, "B": self.baseline, "tie": "tie", None: None}[self.backward.winner]
        return forward, backward


@dataclass(frozen=True, slots=True)
class JudgeFigures:
    """A judge's preferences between two arms' answers, each pair judged in both orders.

    Of ``n_pairs``, ``n_parsed`` have two readable replies. ``position_bias``: pairs whose preference went with the
    place and not with the answer; ``first_place``: replies that prefer the answer shown first, of those that prefer
    one. ``agreement``: over pairs that execution separates, preferences for the answer that passed, a tie or a
    contradiction counting as none; ``kappa`` over all pairs with readable replies, between the judge's and
    execution's arm, other or tie. ``preferred`` is how often the arm was preferred to the baseline, of the consistent
    preferences. ``n_failed`` more pairs could not be judged in this start; the next one tries them again.
    """

    judge: str
    model: str
    repo: str
    task: str
    arm: str
    baseline: str
    n_pairs: int
    n_parsed: int
    n_unparsed_replies: int
    position_bias: Share
    first_place: Share
    n_ties: int
    preferred: Share
    agreement: Share
    kappa: float | None
    mean_score_passed: float | None
    mean_score_failed: float | None
    n_failed: int = 0
