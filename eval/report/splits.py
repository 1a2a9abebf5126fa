"""Where a gain comes from: by kind of case, by how well tests decide, by what was retrieved; after a second try."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log
from statistics import fmean

from eval.cases import N_KILLED, N_MUTANTS, Result
from eval.stats import Interval, count_share, detectable_mean, difference_interval

from .figures import (
    NONE,
    RETRIEVAL,
    Arms,
    compare_arms,
    is_known_after,
    is_right_after_all,
    is_valid,
    list_contrasts,
    pair_contrast,
    pair_results,
)
from .records import FollowUp, Gain, MeasureGain, Slice

NAMED_KEY = "names_symbol"  # of Result.extra: whether a question names the symbol that it is about
KIND, NAMED, FOUND, LANGUAGE, NOTICED = "kind", "question", "retrieved", "language", "planted changes"
FOUND_NAMES = {True: "right code retrieved", False: "right code not retrieved"}
NAMED_NAMES = {True: "names the symbol", False: "does not name it"}
_RATIOS = {"speedup", "ratio"}  # words in the name of a measure whose values are compared by division
NOTICED_NAMES = {True: "tests that catch at least half of planted changes", False: "tests that catch fewer"}


def slice_cases(arms: Arms, seed: int) -> list[Slice]:
    """All splits. A split with one part says nothing and is left out, but that by what was retrieved."""
    slices = []
    for split, name_of in (
        (KIND, lambda result: result.kind or None),
        (NAMED, _name_naming),
        (LANGUAGE, lambda result: result.language or None),
        (NOTICED, _name_noticing),
    ):
        parts = _slice(split, arms, name_of, seed)
        slices += parts if len(parts) > 1 else []
    return slices + _slice_found(arms, seed)


def find_follow_ups(arms: Arms) -> list[FollowUp]:
    """Each arm before and after a second try; nothing where no case of the task had one."""
    found = []
    for arm, results in arms.items():
        valid = [result for result in results.values() if is_known_after(result)]
        n_followed_up = sum(len(result.attempts) > 1 for result in valid)
        found.append(
            FollowUp(
                arm=arm,
                first=count_share(result.score.is_correct for result in valid),
                after=count_share(is_right_after_all(result) for result in valid),
                n_followed_up=n_followed_up,
            )
        )
    return found if any(each.n_followed_up for each in found) else []


def compare_after_follow_ups(arms: Arms, n_cases: int, seed: int) -> Gain | None:
    """Retrieval minus none with a second try for both; None where no case had one."""
    pairs = pair_results(arms.get(RETRIEVAL, {}), arms.get(NONE, {}), is_known_after)
    if not any(len(result.attempts) > 1 for pair in pairs for result in pair):
        return None
    return compare_arms(pairs, n_cases, seed, is_right=is_right_after_all)


def compare_measures(arms: Arms, seed: int) -> list[MeasureGain]:
    """What scores measure beside the verdict, paired; one with a word of ``_RATIOS`` in its name by logarithms."""
    gains = []
    for arm, baseline in list_contrasts(list(arms)):
        pairs = pair_contrast(arms, arm, baseline)
        names = dict.fromkeys(name for after, _ in pairs for name in after.score.measures)
        for name in names:
            both = [
                (after.score.measures[name], before.score.measures[name], after.cluster)
                for after, before in pairs
                if name in after.score.measures and name in before.score.measures
            ]
            if any(after != before for after, before, _ in both):  # else it says something of the case alone
                gains.append(_compare_measure(name, arm, baseline, both, seed))
    return gains


def _compare_measure(
    name: str, arm: str, baseline: str, both: Sequence[tuple[float, float, str]], seed: int
) -> MeasureGain:
    is_ratio = bool(_RATIOS & set(name.split("_"))) and all(a > 0 and b > 0 for a, b, _ in both)
    scaled = [(log(a), log(b)) for a, b, _ in both] if is_ratio else [(a, b) for a, b, _ in both]
    files = [path for _, _, path in both]
    differences = [after - before for after, before in scaled]
    interval = difference_interval(differences, files, seed=seed)
    smallest = detectable_mean(differences)

    def back(value: float) -> float:
        return exp(value) if is_ratio else value

    return MeasureGain(
        measure=name,
        arm=arm,
        baseline=baseline,
        scale="ratio" if is_ratio else "difference",
        n_pairs=len(both),
        n_files=len(set(files)),
        arm_mean=back(fmean(after for after, _ in scaled)),
        baseline_mean=back(fmean(before for _, before in scaled)),
        difference=back(fmean(differences)),
        interval=Interval(back(interval.low), back(interval.high)) if interval else None,
        detectable=back(smallest) if smallest is not None else None,
    )


def _slice(split: str, arms: Arms, name_of: Callable[[Result], str | None], seed: int) -> list[Slice]:
    names: dict[str, None] = {}
    for results in arms.values():
        names.update((name, None) for result in results.values() if (name := name_of(result)) is not None)
    return [
        _make_slice(
            split,
            name,
            {
                arm: {case_id: result for case_id, result in results.items() if name_of(result) == name}
                for arm, results in arms.items()
            },
            seed,
        )
        for name in sorted(names)
    ]


def _slice_found(arms: Arms, seed: int) -> list[Slice]:
    """By whether the arm ``retrieval`` showed the case's sources: the same cases in all arms."""
    slices = []
    for found, name in FOUND_NAMES.items():
        ids = {case_id for case_id, r in arms.get(RETRIEVAL, {}).items() if is_valid(r) and r.found_sources is found}
        if ids:
            part = {arm: {case_id: r for case_id, r in own.items() if case_id in ids} for arm, own in arms.items()}
            slices.append(_make_slice(FOUND, name, part, seed))
    return slices


def _make_slice(split: str, name: str, arms: Arms, seed: int) -> Slice:
    pairs = pair_results(arms.get(RETRIEVAL, {}), arms.get(NONE, {}))
    return Slice(
        split=split,
        name=name,
        correct={
            arm: count_share(result.score.is_correct for result in results.values() if is_valid(result))
            for arm, results in arms.items()
        },
        gain=compare_arms(pairs, len(pairs), seed),
    )


def _name_noticing(result: Result) -> str | None:
    n_mutants, n_killed = result.extra.get(N_MUTANTS), result.extra.get(N_KILLED)
    return NOTICED_NAMES[2 * n_killed >= n_mutants] if n_mutants and n_killed is not None else None


def _name_naming(result: Result) -> str | None:
    named = result.extra.get(NAMED_KEY)
    return NAMED_NAMES[named] if isinstance(named, bool) else None
