"""The figures of a run, from its stored answers alone. How they are shown is in ``report``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from eval.tasks.questions.grounding import GroundingSummary, summarise_grounding
from eval.tasks.questions.records import KINDS

from .records import ArmAnswer, RunConfig
from .stats import Interval, accuracy_interval, difference_interval, mcnemar_p


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """One arm over the ``n`` questions that it answered without an error. Errors are counted apart.

    Of the ``n_unanswered`` the model was not asked ``n_abstained``.
    """

    arm: str
    n: int
    n_correct: int
    n_unanswered: int
    n_abstained: int
    n_errors: int
    accuracy: float
    accuracy_interval: Interval
    mean_prompt_tokens: float
    mean_completion_tokens: float
    median_seconds: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """``arm`` minus ``baseline`` over the questions that both answered.

    ``n_gained`` only ``arm`` has right, ``n_lost`` only ``baseline``. No interval with too few files.
    """

    baseline: str
    arm: str
    n_pairs: int
    n_files: int
    n_gained: int
    n_lost: int
    difference: float
    interval: Interval | None
    mcnemar_p: float


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """Correct answers of an arm within a part of the questions."""

    group: str
    arm: str
    n: int
    n_correct: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All figures of a run. ``by_retrieval`` splits arms with passages by whether these hold the answer's lines."""

    config: RunConfig
    is_complete: bool
    arms: Sequence[ArmSummary]
    comparisons: Sequence[Comparison]
    by_kind: Sequence[GroupSummary]
    by_retrieval: Sequence[GroupSummary]
    grounding: Sequence[GroundingSummary]


def summarise(config: RunConfig, answers: Sequence[ArmAnswer]) -> Summary:
    """The figures of what has been answered so far. Arms without an answer are left out."""
    by_arm = {name: [answer for answer in answers if answer.arm == name] for name in config.arms}
    valid = {name: [a for a in arm if a.verdict != "error"] for name, arm in by_arm.items()}
    answered = [name for name in config.arms if valid[name]]
    baseline, *others = answered or [""]
    n_valid = sum(len(arm) for arm in valid.values())
    return Summary(
        config=config,
        is_complete=n_valid == config.n_questions * len(config.arms),
        arms=[_summarise_arm(name, valid[name], len(by_arm[name]) - len(valid[name])) for name in answered],
        comparisons=[_compare(baseline, name, valid[baseline], valid[name], config.seed) for name in others],
        by_kind=[
            _summarise_group(kind, name, [a for a in valid[name] if a.kind == kind])
            for kind in KINDS
            for name in answered
        ],
        by_retrieval=[
            _summarise_group(group, name, [a for a in valid[name] if a.retrieved_answer is found])
            for name in answered
            if any(answer.passages for answer in valid[name])
            for group, found in (("answer among the passages", True), ("answer not among them", False))
        ],
        grounding=[summarise_grounding(name, valid[name]) for name in answered],
    )


def _summarise_arm(name: str, answers: Sequence[ArmAnswer], n_errors: int) -> ArmSummary:
    n, n_correct = len(answers), _count_correct(answers)
    return ArmSummary(
        arm=name,
        n=n,
        n_correct=n_correct,
        n_unanswered=sum(answer.verdict == "unanswered" for answer in answers),
        n_abstained=sum(answer.abstained for answer in answers),
        n_errors=n_errors,
        accuracy=n_correct / n,
        accuracy_interval=accuracy_interval(n_correct, n),
        mean_prompt_tokens=fmean(answer.prompt_tokens for answer in answers),
        mean_completion_tokens=fmean(answer.completion_tokens for answer in answers),
        median_seconds=median(answer.seconds for answer in answers),
    )


def _compare(baseline: str, arm: str, before: Sequence[ArmAnswer], after: Sequence[ArmAnswer], seed: int) -> Comparison:
    without = {answer.question_id: answer.is_correct for answer in before}
    pairs = [(answer, without[answer.question_id]) for answer in after if answer.question_id in without]
    differences = [int(answer.is_correct) - int(correct_before) for answer, correct_before in pairs]
    files = [answer.path for answer, _ in pairs]
    n_gained, n_lost = differences.count(1), differences.count(-1)
    return Comparison(
        baseline=baseline,
        arm=arm,
        n_pairs=len(pairs),
        n_files=len(set(files)),
        n_gained=n_gained,
        n_lost=n_lost,
        difference=fmean(differences) if differences else 0.0,
        interval=difference_interval(differences, files, seed=seed),
        mcnemar_p=mcnemar_p(n_gained, n_lost),
    )


def _summarise_group(group: str, arm: str, answers: Sequence[ArmAnswer]) -> GroupSummary:
    return GroupSummary(group, arm, len(answers), _count_correct(answers))


def _count_correct(answers: Sequence[ArmAnswer]) -> int:
    return sum(answer.is_correct for answer in answers)
