"""The figures of a report, as they stand in its JSON: everything that the page shows as a number is one of these.

Shares lie within 0 to 1; a difference is an arm minus its baseline. Fields are added, never renamed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from eval.calibration import CalibrationBin, RiskPoint
from eval.judging.records import JudgeFigures
from eval.running.records import RunSetup
from eval.stats import Interval, Share

if TYPE_CHECKING:
    from .compare import Comparison


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """One arm over the ``n`` cases that it has a result for without an error. Errors are counted apart.

    ``n_cases`` is how many cases the task has. Seconds are the model's for the first attempt; ``found`` is how often
    a passage showed the case's sources. Tokens are means, times are medians. ``pass_at`` has the unbiased estimates of
    pass@k by k (1, 5, 10 and 100 below n, and n) where cases were answered n times; n is the same in all arms of a
    group, and the ``n_few_samples`` cases with fewer answers are left out. ``n_relaxed`` counts placebos that hold
    code near the case, since the index has too little other, ``n_short`` those under 80 % of what was retrieved,
    ``n_estimated`` answers of which the model's server did not say how many tokens they took.
    """

    arm: str
    n_cases: int
    n: int
    correct: Share
    n_wrong: int
    n_unanswered: int
    n_abstained: int
    n_errors: int
    n_cached: int
    found: Share
    prompt_tokens: float
    context_tokens: float
    completion_tokens: float
    seconds: float
    prompt_seconds: float
    scoring_seconds: float
    retrieval_ms: float
    pass_at: Mapping[str, float]
    n_relaxed: int = 0
    n_short: int = 0
    n_few_samples: int = 0
    n_estimated: int = 0


@dataclass(frozen=True, slots=True)
class Gain:
    """``arm`` minus ``baseline`` over the cases that both have a result for, without errors.

    ``n_gained`` only ``arm`` has right, ``n_lost`` only ``baseline``; ``n_unpaired`` cases lack one of the two. ``p``
    is exact McNemar, ``p_holm`` that among the ``n_tests`` of its family. ``detectable`` is the smallest true
    difference that this many pairs show with 80 % power, where as many go against it as did here (the fewer of
    ``n_gained`` and ``n_lost``); None: none at all. An oracle is compared on cases that have code to give alone:
    ``n_without_sources`` have none and are left out.
    """

    arm: str
    baseline: str
    n_pairs: int
    n_files: int
    n_unpaired: int
    n_gained: int
    n_lost: int
    difference: float
    interval: Interval | None
    p: float
    p_holm: float
    n_tests: int
    detectable: float | None
    n_without_sources: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What an arm takes more than none, for each case of its gain, and what that buys.

    ``gain_per_1000_tokens`` is the gain over none by a thousand prompt tokens more; None where it takes no more.
    """

    arm: str
    more_prompt_tokens: float
    more_seconds: float
    times_seconds: float | None
    gain: float
    gain_per_1000_tokens: float | None


@dataclass(frozen=True, slots=True)
class MeasureGain:
    """A figure beside the verdict, such as a speed-up, over the cases where both arms have it.

    ``scale`` says what ``difference``, ``interval`` and ``detectable`` are: differences of means, or ("ratio") the
    ratio of geometric means, computed from differences of logarithms.
    """

    measure: str
    arm: str
    baseline: str
    scale: str
    n_pairs: int
    n_files: int
    arm_mean: float
    baseline_mean: float
    difference: float
    interval: Interval | None
    detectable: float | None


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the cases: each arm's share correct, and the gain of retrieval over none where both were asked."""

    split: str
    name: str
    correct: Mapping[str, Share]
    gain: Gain | None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One arm after a second try: correct at once, and correct at once or after the follow-up.

    Cases whose second try failed (no answer, or no room for the task beside it) are in neither.
    """

    arm: str
    first: Share
    after: Share
    n_followed_up: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """One arm on questions that have no answer in the code, and on those that have.

    ``unanswerable`` counts what was refused of the former, as it should; ``answerable`` what was refused or left
    unanswered of the latter.
    """

    arm: str
    unanswerable: Share
    answerable: Share


@dataclass(frozen=True, slots=True)
class Calibration:
    """What an arm's confidence that the passages hold the answer is worth. Unanswerable questions are among the cases.

    ``auroc``, ``ece`` and ``bins`` are held against whether the passages held the case's sources; ``risk``, ``aurc``
    against whether the answer was right (for an unanswerable question: whether it was refused). ``aurc_random`` is the
    area with confidences that say nothing, ``aurc_best`` with those that put all right answers first.
    """

    arm: str
    n: int
    n_with_sources: int
    auroc: float | None
    ece: float | None
    bins: Sequence[CalibrationBin]
    aurc: float | None
    aurc_random: float | None
    aurc_best: float | None
    risk: Sequence[RiskPoint]


@dataclass(frozen=True, slots=True)
class Grounding:
    """One arm's citations and names. ``precision``: citations that hold the answer; ``recall``: answers that cite the
    sources, of those whose passages showed them. ``n_removed`` citations were written by the model and hold nothing.
    ``invented``: answers with a name that exists nowhere; ``n_invented_names`` in all.
    """

    arm: str
    n: int
    n_citations: int
    precision: Share
    recall: Share
    n_removed: int
    invented: Share
    n_invented_names: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why results of an arm were errors, or wrong: the first line of the explanation, numbers and quotes left out."""

    arm: str
    verdict: str
    reason: str
    n: int


@dataclass(frozen=True, slots=True)
class Group:
    """One task on one repository with one model: what is compared. Unanswerable questions are in ``refusals`` alone,
    and in ``calibration``. ``gain_after_follow_up`` is retrieval minus none if both have a second try. ``cause`` is
    what ``why`` comes down to."""

    model: str
    repo: str
    task: str
    n_cases: int
    n_files: int
    arms: Sequence[ArmFigures]
    gains: Sequence[Gain]
    costs: Sequence[Cost]
    measures: Sequence[MeasureGain]
    slices: Sequence[Slice]
    follow_ups: Sequence[FollowUp]
    gain_after_follow_up: Gain | None
    refusals: Sequence[Refusals]
    calibration: Sequence[Calibration]
    grounding: Sequence[Grounding]
    reasons: Sequence[Reason]
    verdict: str
    why: str
    missing: Sequence[str]
    cause: str = ""

    def arm(self, name: str) -> ArmFigures | None:
        """The figures of an arm, None if it was not asked."""
        return next((arm for arm in self.arms if arm.arm == name), None)

    def gain(self, arm: str, baseline: str) -> Gain | None:
        """A gain by its arms, None if it cannot be said."""
        return next((gain for gain in self.gains if (gain.arm, gain.baseline) == (arm, baseline)), None)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one task on one repository with one model is, unanswerable questions among its cases.

    ``answered`` counts by arm the cases with an answer, errors not among them; an arm that was planned or set out and
    has none yet stands at 0. ``n_planned`` is what the plan names, None outside of it or without one; ``n_cases`` is
    how many are to be answered: fewer than planned where the repository has no more.
    """

    model: str
    repo: str
    task: str
    n_cases: int
    n_planned: int | None
    answered: Mapping[str, int]

    @property
    def is_begun(self) -> bool:
        """Whether there is any answer."""
        return any(self.answered.values())

    @property
    def n_complete(self) -> int:
        """How many arms have all their cases."""
        return sum(n >= self.n_cases > 0 for n in self.answered.values())


@dataclass(frozen=True, slots=True)
class PooledGain:
    """The mean of one repository's gains over ``tasks``, each counting the same; ``questions`` is never among them."""

    model: str
    repo: str
    arm: str
    baseline: str
    tasks: Sequence[str]
    n_pairs: int
    difference: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Example:
    """A case that retrieval gained or lost. Its texts are on the page alone: they hold the repository's code."""

    model: str
    repo: str
    task: str
    case_id: str
    kind: str
    path: str
    arm: str
    baseline: str
    is_gain: bool
    found_sources: bool | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything. ``made_at`` is as the page shows it, in UTC: 2026-11-26 13:25:36 UTC.

    ``commit`` is Quarry's, where it is known; ``setups`` are the runs' own.
    """

    name: str
    made_at: str
    commit: str
    summary: Sequence[str]
    setups: Sequence[RunSetup]
    groups: Sequence[Group]
    pooled: Sequence[PooledGain]
    judges: Sequence[JudgeFigures]
    examples: Sequence[Example]
    caveats: Sequence[str]
    progress: Sequence[Progress] = ()


def to_json(report: Report | Comparison) -> str:
    """All figures of a report, or of two runs compared, as JSON."""
    return json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n"
