"""How far a judge can be trusted: agreement with execution, kappa, and what it owes to the order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from eval.stats import cohen_kappa, count_share

from .records import JudgeFigures, Judgement

Group = tuple[str, str, str, str, str, str]  # judge, model, repository, task, arm, baseline


def summarise_judgements(judgements: Sequence[Judgement], failed: Sequence[Group] = ()) -> list[JudgeFigures]:
    """The figures of each judge, model, repository, task and pair of arms. ``failed`` has one for each failed pair."""
    n_failed = Counter(failed)
    groups: dict[Group, list[Judgement]] = {}
    for each in judgements:
        groups.setdefault((each.judge, each.model, each.repo, each.task, each.arm, each.baseline), []).append(each)
    return [_summarise(key, groups.get(key, []), n_failed[key]) for key in dict.fromkeys([*groups, *n_failed])]


def _summarise(key: Group, judgements: Sequence[Judgement], n_failed: int) -> JudgeFigures:
    judge, model, repo, task, arm, baseline = key
    replies = [reply for each in judgements for reply in (each.forward, each.backward)]
    parsed = [each for each in judgements if None not in each.winners]
    preferences = [(each, _preference(each)) for each in parsed]
    parted = [(each, word) for each, word in preferences if each.arm_passed != each.baseline_passed]
    scores = [
        (score, passed)
        for each in judgements
        for score, passed in (
            (each.forward.score_a, each.baseline_passed),
            (each.forward.score_b, each.arm_passed),
            (each.backward.score_a, each.arm_passed),
            (each.backward.score_b, each.baseline_passed),
        )
        if score is not None
    ]
    passed, failed = [s for s, ok in scores if ok], [s for s, ok in scores if not ok]
    return JudgeFigures(
        judge=judge,
        model=model,
        repo=repo,
        task=task,
        arm=arm,
        baseline=baseline,
        n_pairs=len(judgements),
        n_parsed=len(parsed),
        n_unparsed_replies=sum(reply.winner is None for reply in replies),
        # The same letter twice is the same place twice, and so another answer each time.
        position_bias=count_share(
            each.forward.winner == each.backward.winner and each.forward.winner != "tie" for each in parsed
        ),
        first_place=count_share(reply.winner == "A" for reply in replies if reply.winner in ("A", "B")),
        n_ties=sum(word == "tie" for _, word in preferences),
        preferred=count_share(word == arm for _, word in preferences if word in (arm, baseline)),
        agreement=count_share(word == _passing(each) for each, word in parted),
        kappa=cohen_kappa([word for _, word in preferences], [_passing(each) for each, _ in preferences]),
        mean_score_passed=fmean(passed) if passed else None,
        mean_score_failed=fmean(failed) if failed else None,
        n_failed=n_failed,
    )


def _preference(judgement: Judgement) -> str:
    """Whom both orders prefer. One order's tie leaves it to the other; two that contradict each other are a tie."""
    forward, backward = judgement.winners
    if forward == backward or backward == "tie":
        return str(forward)
    return str(backward) if forward == "tie" else "tie"


def _passing(judgement: Judgement) -> str:
    if judgement.arm_passed == judgement.baseline_passed:
        return "tie"
    return judgement.arm if judgement.arm_passed else judgement.baseline
