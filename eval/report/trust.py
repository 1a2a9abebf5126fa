"""Whether answers can be relied on: refusals, what a confidence is worth, citations and invented names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from eval.calibration import bin_confidences, measure_aurc, measure_auroc, measure_calibration_error, trace_risk
from eval.cases import Result
from eval.stats import count_share
from eval.tasks import FACTS

from .figures import Arms, is_valid
from .records import Calibration, Grounding, Reason, Refusals
from .wording import name_reason

CITATIONS_KEY = "citations"  # of Result.extra: each with on_answer and holds_answer
REMOVED_KEY = "n_citations_removed"  # of Result.extra: citations that the model wrote and that hold nothing
_MIN_CONFIDENCES = 10  # below, a curve shows nothing but single cases
_MAX_REASONS = 5  # for each arm and verdict


def count_refusals(arms: Arms) -> list[Refusals]:
    """For each arm what it refused, rightly and wrongly; nothing without unanswerable questions."""
    found = []
    for arm, results in arms.items():
        valid = [result for result in results.values() if is_valid(result)]
        without, answerable = [r for r in valid if r.is_unanswerable], [r for r in valid if not r.is_unanswerable]
        if without:
            found.append(
                Refusals(
                    arm=arm,
                    unanswerable=count_share(result.score.is_correct for result in without),
                    answerable=count_share(
                        result.abstained or result.score.verdict == "unanswered" for result in answerable
                    ),
                )
            )
    return found


def measure_confidence(arms: Arms) -> list[Calibration]:
    """Each arm whose results carry a confidence; an arm with fewer than ten is left out."""
    found = []
    for arm, results in arms.items():
        judged = [(r, r.confidence) for r in results.values() if is_valid(r) and r.confidence is not None]
        if len(judged) < _MIN_CONFIDENCES:
            continue
        held = [
            (value, result.found_sources is True)
            for result, value in judged
            if result.found_sources is not None or result.is_unanswerable
        ]
        values, truths = [value for value, _ in held], [truth for _, truth in held]
        right = [result.score.is_correct for result, _ in judged]
        risk = trace_risk([value for _, value in judged], right)
        found.append(
            Calibration(
                arm=arm,
                n=len(judged),
                n_with_sources=len(held),
                auroc=measure_auroc(values, truths) if held else None,
                ece=measure_calibration_error(values, truths) if held else None,
                bins=bin_confidences(values, truths) if held else [],
                aurc=measure_aurc(risk),
                aurc_random=1 - sum(right) / len(right),
                aurc_best=measure_aurc(trace_risk([float(each) for each in right], right)),
                risk=risk,
            )
        )
    return found


def judge_grounding(arms: Arms) -> list[Grounding]:
    """Each arm's citations and invented names; nothing where no result says anything of either."""
    found = []
    for arm, results in arms.items():
        valid = [result for result in results.values() if is_valid(result)]
        citations = [citation for result in valid for citation in _citations(result)]
        shown = [result for result in valid if result.found_sources and _is_judged(result)]
        found.append(
            Grounding(
                arm=arm,
                n=len(valid),
                n_citations=len(citations),
                precision=count_share(bool(each["holds_answer"]) for each in citations if "holds_answer" in each),
                recall=count_share(
                    any(citation.get("on_answer") for citation in _citations(result)) for result in shown
                ),
                n_removed=sum(int(result.extra.get(REMOVED_KEY, 0)) for result in valid),
                invented=count_share(bool(result.unknown_names) for result in valid),
                n_invented_names=sum(len(result.unknown_names) for result in valid),
            )
        )
    says_anything = any(each.n_citations or each.n_removed or each.n_invented_names for each in found)
    return found if says_anything else []


def count_reasons(arms: Arms, task: str) -> list[Reason]:
    """Why there were errors, and the most frequent reasons of wrong answers.

    A wrong answer to a question of fact has none but the value that was expected, which would say what was asked.
    """
    reasons = []
    for verdict in ("error", "unanswered") if task in FACTS else ("error", "wrong", "unanswered"):
        for arm, results in arms.items():
            counts = Counter(
                name_reason(result.score.explanation) for result in results.values() if result.score.verdict == verdict
            )
            reasons += [Reason(arm, verdict, reason, n) for reason, n in counts.most_common(_MAX_REASONS)]
    return reasons


def _is_judged(result: Result) -> bool:
    """Whether its citations were held against the answer, which only tasks with known answers can do."""
    return CITATIONS_KEY in result.extra and all("on_answer" in citation for citation in _citations(result))


def _citations(result: Result) -> Sequence[Mapping[str, Any]]:
    found = result.extra.get(CITATIONS_KEY, ())
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []
