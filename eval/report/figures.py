"""From results to figures: arms and gains of each task, repository and model, Holm over them, and the pooled gain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median
from typing import TypeVar

from eval.cases import FOLLOW_UP_ERROR, PLACEBO_PASS, Result
from eval.running.records import BUILT_IN
from eval.stats import (
    adjust_holm,
    count_share,
    detectable_difference,
    difference_interval,
    mcnemar_p,
    pass_at_k,
    pooled_interval,
)
from eval.tasks import FACTS

from .records import ArmFigures, Cost, Gain, Group, PooledGain

T = TypeVar("T")
K = TypeVar("K")
Key = tuple[str, str, str]  # model, repo, task
Arms = Mapping[str, Mapping[str, Result]]  # results by arm and case

NONE, PLACEBO, RETRIEVAL, ORACLE = "none", "placebo", "retrieval", "oracle"
# What the page is about, first the headline. Every other arm is a variant of retrieval: it is set against none.
CONTRASTS = ((RETRIEVAL, NONE), (RETRIEVAL, PLACEBO), (ORACLE, NONE), (PLACEBO, NONE))
MAIN_ARMS = (NONE, PLACEBO, RETRIEVAL, ORACLE)
USUAL_KS = (1, 5, 10, 100)  # of pass@k: what others report, as far as there are more answers
NEVER_POOLED = FACTS  # without context most cannot be known


def key_of(result: Result) -> Key:
    """The model, repository and task that a result belongs to."""
    return result.model, result.repo, result.task


def is_valid(result: Result) -> bool:
    """Whether anything is known: not where the evaluation or the model's server failed."""
    return result.score.verdict != "error"


def is_known_after(result: Result) -> bool:
    """Whether it is known how a case ends with a second try: not where that failed."""
    return is_valid(result) and FOLLOW_UP_ERROR not in result.extra


def part_by(items: Iterable[T], name_of: Callable[[T], K]) -> dict[K, list[T]]:
    """The items of each name, such as the groups of each model: both in their order."""
    parts: dict[K, list[T]] = {}
    for item in items:
        parts.setdefault(name_of(item), []).append(item)
    return parts


def order_arms(names: Iterable[str]) -> list[str]:
    """The four main arms first, the others in their order."""
    found = list(dict.fromkeys(names))
    return [arm for arm in MAIN_ARMS if arm in found] + [arm for arm in found if arm not in MAIN_ARMS]


def split_arms(results: Sequence[Result]) -> dict[str, dict[str, Result]]:
    """The results by arm and case."""
    arms: dict[str, dict[str, Result]] = {arm: {} for arm in order_arms(result.arm for result in results)}
    for result in results:
        arms[result.arm][result.case_id] = result
    return arms


def summarise_arm(arm: str, results: Sequence[Result], n_cases: int, n_samples: int = 1) -> ArmFigures:
    """The figures of one arm, errors counted apart. pass@k is over the cases with ``n_samples`` answers or more."""
    valid = [result for result in results if is_valid(result)]
    firsts = [result.attempts[0] for result in valid if result.attempts]
    verdicts = [result.score.verdict for result in valid]
    sampled = [own for result in valid if len(own := _list_samples(result)) >= n_samples > 1]
    return ArmFigures(
        arm=arm,
        n_cases=n_cases,
        n=len(valid),
        correct=count_share(result.score.is_correct for result in valid),
        n_wrong=verdicts.count("wrong"),
        n_unanswered=verdicts.count("unanswered"),
        n_abstained=sum(result.abstained for result in valid),
        n_errors=len(results) - len(valid),
        n_cached=sum(attempt.is_cached for attempt in firsts),
        found=count_share(result.found_sources for result in valid if result.found_sources is not None),
        prompt_tokens=_mean(attempt.prompt_tokens for attempt in firsts),
        context_tokens=_mean(result.context_tokens for result in valid),
        completion_tokens=_mean(attempt.completion_tokens for attempt in firsts),
        seconds=_median(attempt.seconds for attempt in firsts),
        prompt_seconds=_median(attempt.prompt_seconds for attempt in firsts),
        scoring_seconds=_median(attempt.scoring_seconds for attempt in firsts),
        retrieval_ms=_median(result.retrieval_ms for result in valid),
        pass_at={
            str(k): fmean(pass_at_k(len(own), own.count("correct"), k) for own in sampled)
            for k in ([k for k in USUAL_KS if k < n_samples] + [n_samples] if sampled else ())
        },
        n_relaxed=sum(result.extra.get(PLACEBO_PASS, 0) > 0 for result in valid),
        n_short=sum(result.is_short_placebo for result in valid),
        n_few_samples=len(valid) - len(sampled) if sampled else 0,
        n_estimated=sum(attempt.is_estimate for attempt in firsts),
    )


def count_samples(arms: Arms) -> int:
    """How many answers to a case all arms have, where none was an error: pass@k is of so many in each of them."""
    counts = [[len(_list_samples(result)) for result in own.values() if is_valid(result)] for own in arms.values()]
    return min((max(of_arm) for of_arm in counts if of_arm), default=0)


def _list_samples(result: Result) -> list[str]:
    """The verdicts of a case's answers; an error is none."""
    verdicts = [each["verdict"] for each in result.extra.get("samples", ())]
    return [each for each in verdicts if each != "error"]


def pair_results(
    arm: Mapping[str, Result], baseline: Mapping[str, Result], wanted: Callable[[Result], bool] = is_valid
) -> list[tuple[Result, Result]]:
    """The cases that both have, in the arm's order: (arm, baseline)."""
    pairs = ((result, baseline[case_id]) for case_id, result in arm.items() if case_id in baseline)
    return [(after, before) for after, before in pairs if wanted(after) and wanted(before)]


def pair_contrast(arms: Arms, arm: str, baseline: str) -> list[tuple[Result, Result]]:
    """The pairs that a contrast is over: all that both have, for an oracle those alone that have code to give."""
    pairs = pair_results(arms.get(arm, {}), arms.get(baseline, {}))
    return [pair for pair in pairs if pair[0].found_sources is not None] if is_oracle(arm) else pairs


def count_without_sources(arms: Arms, arm: str) -> int:
    """How many cases a contrast leaves out since there is no code that an oracle could give; 0 for other arms."""
    own = arms.get(arm, {}).values() if is_oracle(arm) else ()
    return sum(is_valid(result) and result.found_sources is None for result in own)


def is_oracle(arm: str) -> bool:
    """Whether an arm is given the right code, under whatever budget."""
    return arm.split(":")[0] == ORACLE


def is_right_after_all(result: Result) -> bool:
    """Whether the first attempt was right, or one after a follow-up."""
    return result.score.is_correct or any(attempt.score.is_correct for attempt in result.attempts)


def compare_arms(
    pairs: Sequence[tuple[Result, Result]],
    n_cases: int,
    seed: int,
    names: tuple[str, str] | None = None,
    is_right: Callable[[Result], bool] = lambda result: result.score.is_correct,
) -> Gain | None:
    """The gain over ``pairs`` of (arm, baseline), None without any. ``p_holm`` is still that of one test.

    ``names`` stand for the two sides where their arms' names do not tell them apart; ``is_right`` is what counts.
    """
    if not pairs:
        return None
    differences = [int(is_right(after)) - int(is_right(before)) for after, before in pairs]
    files = [after.cluster for after, _ in pairs]
    n_gained, n_lost = differences.count(1), differences.count(-1)
    p = mcnemar_p(n_gained, n_lost)
    return Gain(
        arm=names[0] if names else pairs[0][0].arm,
        baseline=names[1] if names else pairs[0][1].arm,
        n_pairs=len(pairs),
        n_files=len(set(files)),
        n_unpaired=max(0, n_cases - len(pairs)),
        n_gained=n_gained,
        n_lost=n_lost,
        difference=fmean(differences),
        interval=difference_interval(differences, files, seed=seed),
        p=p,
        p_holm=p,
        n_tests=1,
        detectable=detectable_difference(len(pairs), min(n_gained, n_lost)),
    )


def list_contrasts(arms: Sequence[str]) -> list[tuple[str, str]]:
    """Which arm is set against which, of those that were asked."""
    named = [pair for pair in CONTRASTS if pair[0] in arms and pair[1] in arms]
    return named + [(arm, NONE) for arm in arms if arm not in MAIN_ARMS and NONE in arms]


def weigh_costs(arms: Arms, gains: Sequence[Gain]) -> list[Cost]:
    """What each arm costs more than none, beside what it gains: both over the cases that the gain is over."""
    costs = []
    for gain in gains:
        if gain.baseline != NONE:
            continue
        pairs = pair_contrast(arms, gain.arm, NONE)
        own, none = ([pair[side].attempts[0] for pair in pairs if pair[side].attempts] for side in (0, 1))
        more_tokens = _mean(each.prompt_tokens for each in own) - _mean(each.prompt_tokens for each in none)
        seconds, seconds_none = (_median(each.seconds for each in side) for side in (own, none))
        costs.append(
            Cost(
                arm=gain.arm,
                more_prompt_tokens=more_tokens,
                more_seconds=seconds - seconds_none,
                times_seconds=seconds / seconds_none if seconds_none > 0 else None,
                gain=gain.difference,
                gain_per_1000_tokens=1000 * gain.difference / more_tokens if more_tokens > 0 else None,
            )
        )
    return costs


def adjust_groups(groups: Sequence[Group], planned: Collection[Key] = (), arms: Collection[str] = ()) -> list[Group]:
    """The groups with ``p_holm``. A family is one contrast of one model, over all its tasks and repositories.

    Where cells are ``planned`` under ``arms``, it is over all of these, also those that are not begun: so the size of
    the family does not hang on how far the plan is. What is outside of the plan is a family by itself.
    """
    families: dict[tuple[str, str, str, bool], list[tuple[int, int]]] = {}
    for number, group in enumerate(groups):
        for place, gain in enumerate(group.gains):
            is_planned = (group.model, group.repo, group.task) in planned and {gain.arm, gain.baseline} <= {*arms}
            families.setdefault((group.model, gain.arm, gain.baseline, is_planned), []).append((number, place))
    gains = [list(group.gains) for group in groups]
    n_planned = Counter(model for model, _, _ in planned)
    for (model, *_, is_planned), members in families.items():
        n_tests = n_planned[model] if is_planned else len(members)
        adjusted = adjust_holm([gains[number][place].p for number, place in members], n_tests)
        for (number, place), p in zip(members, adjusted, strict=True):
            gains[number][place] = replace(gains[number][place], p_holm=p, n_tests=n_tests)
    return [replace(group, gains=own) for group, own in zip(groups, gains, strict=True)]


def is_pooled(repo: str, task: str) -> bool:
    """Whether a task's gain counts in the mean of its repository."""
    return task not in NEVER_POOLED and repo != BUILT_IN


def pool_gains(by_group: Mapping[Key, Arms], seed: int) -> list[PooledGain]:
    """For each model and repository the mean gain over its tasks, where there are two or more, without ``questions``.

    Tasks about the model itself are of no repository, and are not pooled either.
    """
    places: dict[tuple[str, str], dict[str, Arms]] = {}
    for (model, repo, task), arms in by_group.items():
        tasks = places.setdefault((model, repo), {})
        if is_pooled(repo, task):
            tasks[task] = arms
    pooled = []
    for (model, repo), tasks in places.items():
        for arm, baseline in CONTRASTS[:2]:
            pairs = {task: pair_results(arms.get(arm, {}), arms.get(baseline, {})) for task, arms in tasks.items()}
            strata = {task: _list_differences(own) for task, own in pairs.items() if own}
            if len(strata) > 1:
                pooled.append(
                    PooledGain(
                        model=model,
                        repo=repo,
                        arm=arm,
                        baseline=baseline,
                        tasks=list(strata),
                        n_pairs=sum(len(differences) for differences, _ in strata.values()),
                        difference=fmean(fmean(differences) for differences, _ in strata.values()),
                        interval=pooled_interval(list(strata.values()), seed=seed),
                    )
                )
    return pooled


def _list_differences(pairs: Sequence[tuple[Result, Result]]) -> tuple[list[float], list[str]]:
    """The differences of (arm, baseline) and the file of each."""
    differences = [float(after.score.is_correct) - float(before.score.is_correct) for after, before in pairs]
    return differences, [after.cluster for after, _ in pairs]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else 0.0


def _median(values: Iterable[float]) -> float:
    found = list(values)
    return float(median(found)) if found else 0.0
