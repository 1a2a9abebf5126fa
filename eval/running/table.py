"""The figures that a run prints: for each task the arms, and what each is worth against the first one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from eval.cases import UNANSWERABLE, Result
from eval.stats import Interval, difference_interval, mcnemar_p, pass_at_k
from eval.tables import to_table

from .records import RunSetup


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """One arm over the ``n`` cases that it answered without an error. Seconds are the model's, of all attempts.

    ``found_share`` is the share of the cases with known sources of which a passage showed a line; None without any.
    ``n_correct_followed`` counts those that were correct at first or after a follow-up. ``pass_at`` has the unbiased
    estimate of pass@k for 1 and for all samples, where a case was answered more than once.
    """

    arm: str
    n: int
    n_correct: int
    n_correct_followed: int
    n_unanswered: int
    n_errors: int
    mean_prompt_tokens: float
    mean_completion_tokens: float
    median_seconds: float
    found_share: float | None
    pass_at: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """``arm`` minus ``baseline`` over the cases that both answered; no interval with too few files."""

    baseline: str
    arm: str
    n_pairs: int
    n_gained: int
    n_lost: int
    difference: float
    interval: Interval | None
    mcnemar_p: float


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """One task on one repository. ``n_cases`` were to be asked under each arm."""

    repo: str
    task: str
    n_cases: int
    arms: Sequence[ArmFigures]
    differences: Sequence[ArmDifference]


def summarise(setup: RunSetup, results: Sequence[Result]) -> list[TaskFigures]:
    """The figures of what has been answered so far, in the order of the set-up.

    Unanswerable questions are a task of their own: refusing them is another thing than answering.
    """
    figures = []
    for task in setup.tasks:
        own = [result for result in results if (result.repo, result.task) == (task.repo, task.task)]
        others = [result for result in own if result.is_unanswerable]
        n_others = len({result.case_id for result in others})
        answerable = [result for result in own if not result.is_unanswerable]
        figures.append(_summarise_task(setup, task.repo, task.task, task.n_cases - n_others, answerable))
        if others:
            figures.append(_summarise_task(setup, task.repo, f"{task.task} ({UNANSWERABLE})", n_others, others))
    return figures


def to_text(setup: RunSetup, figures: Sequence[TaskFigures]) -> str:
    """Tables that read as plain text."""
    head = f"{setup.model}, seed {setup.seed}, at most {setup.context_tokens} tokens of code"
    return "\n\n".join([head, *(_describe_task(each) for each in figures)]) + "\n"


def _summarise_task(setup: RunSetup, repo: str, task: str, n_cases: int, own: Sequence[Result]) -> TaskFigures:
    by_arm = {arm: [result for result in own if result.arm == arm] for arm in setup.arms}
    valid = {arm: [each for each in found if each.score.verdict != "error"] for arm, found in by_arm.items()}
    answered = [arm for arm in setup.arms if valid[arm]]
    figures = [_summarise_arm(arm, valid[arm], len(by_arm[arm]) - len(valid[arm])) for arm in answered]
    differences = [_compare(answered[0], arm, valid[answered[0]], valid[arm], setup.seed) for arm in answered[1:]]
    return TaskFigures(repo, task, n_cases, figures, differences)


def _summarise_arm(arm: str, results: Sequence[Result], n_errors: int) -> ArmFigures:
    found = [each.found_sources for each in results if each.found_sources is not None and arm != "none"]
    return ArmFigures(
        arm=arm,
        n=len(results),
        n_correct=sum(result.score.is_correct for result in results),
        n_correct_followed=sum(any(each.score.is_correct for each in result.attempts) for result in results),
        n_unanswered=sum(result.score.verdict == "unanswered" for result in results),
        n_errors=n_errors,
        mean_prompt_tokens=fmean(_first_tokens(results, prompt=True)),
        mean_completion_tokens=fmean(_first_tokens(results, prompt=False)),
        median_seconds=median(sum(attempt.seconds for attempt in result.attempts) for result in results),
        found_share=fmean(found) if found else None,
        pass_at=_estimate_pass(results),
    )


def _estimate_pass(results: Sequence[Result]) -> dict[int, float]:
    """pass@1 and pass@n over the cases' samples; samples that were errors are none. Empty with one sample a case."""
    verdicts = [[each["verdict"] for each in result.extra.get("samples", ())] for result in results]
    counted = [[each for each in of_case if each != "error"] for of_case in verdicts]
    n = min((len(of_case) for of_case in counted), default=0)
    if n < 2:
        return {}
    return {k: fmean(pass_at_k(len(each), each.count("correct"), k) for each in counted) for k in (1, n)}


def _first_tokens(results: Sequence[Result], *, prompt: bool) -> Iterator[int]:
    for result in results:
        first = result.attempts[0]
        yield first.prompt_tokens if prompt else first.completion_tokens


def _compare(baseline: str, arm: str, before: Sequence[Result], after: Sequence[Result], seed: int) -> ArmDifference:
    without = {result.case_id: result.score.is_correct for result in before}
    pairs = [(result, without[result.case_id]) for result in after if result.case_id in without]
    differences = [int(result.score.is_correct) - int(was) for result, was in pairs]
    n_gained, n_lost = differences.count(1), differences.count(-1)
    return ArmDifference(
        baseline=baseline,
        arm=arm,
        n_pairs=len(pairs),
        n_gained=n_gained,
        n_lost=n_lost,
        difference=fmean(differences) if differences else 0.0,
        interval=difference_interval(differences, [result.cluster for result, _ in pairs], seed=seed),
        mcnemar_p=mcnemar_p(n_gained, n_lost),
    )


def _describe_task(figures: TaskFigures) -> str:
    n_done = min((arm.n for arm in figures.arms), default=0)
    state = "" if n_done == figures.n_cases else f", {n_done} of them answered under every arm so far"
    title = f"{figures.task} on {figures.repo}: {figures.n_cases} cases{state}"
    if not figures.arms:
        return title
    has_errors = any(arm.n_errors for arm in figures.arms)
    has_follow_ups = any(arm.n_correct_followed != arm.n_correct for arm in figures.arms)
    has_samples = any(arm.pass_at for arm in figures.arms)
    header = ["arm", "correct", "unanswered", "right code shown", "prompt tokens", "answer tokens", "seconds"]
    rows = []
    for arm in figures.arms:
        row = [
            arm.arm,
            f"{arm.n_correct / arm.n:.3f} ({arm.n_correct} of {arm.n})",
            str(arm.n_unanswered),
            f"{arm.found_share:.3f}" if arm.found_share is not None else "-",
            f"{arm.mean_prompt_tokens:,.0f}",
            f"{arm.mean_completion_tokens:.1f}",
            f"{arm.median_seconds:.2f}",
        ]
        row += [f"{arm.n_correct_followed / arm.n:.3f}"] if has_follow_ups else []
        row += [", ".join(f"@{k} {share:.3f}" for k, share in arm.pass_at.items())] if has_samples else []
        rows.append([*row, str(arm.n_errors)] if has_errors else row)
    header += ["correct after follow-up"] if has_follow_ups else []
    header += ["pass"] if has_samples else []
    table = to_table([*header, "errors"] if has_errors else header, rows)
    return "\n".join([title, "", table, "", *map(_describe_difference, figures.differences)]).rstrip()


def _describe_difference(each: ArmDifference) -> str:
    width = (
        f"95 % interval {each.interval.low:+.3f} to {each.interval.high:+.3f}"
        if each.interval
        else "too few files to say how sure"
    )
    p = f"p = {each.mcnemar_p:.3f}" if each.mcnemar_p >= 0.001 else "p < 0.001"
    return (
        f"{each.arm} minus {each.baseline}: {each.difference:+.3f} ({width}; {each.n_pairs} pairs), {each.n_gained} "
        f"gained, {each.n_lost} lost, exact McNemar {p}"
    )
