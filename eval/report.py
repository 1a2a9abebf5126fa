"""A run's figures as tables in Markdown, which read as plain text too, and the report's files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from eval.tasks.questions.grounding import GroundingSummary

from .store import RunFolder
from .summary import Comparison, GroupSummary, Summary, summarise
from .tables import to_table


def write_report(folder: RunFolder) -> Summary:
    """Compute the figures of a run anew and write summary.json and report.md beside it. Raises UnreadableRun."""
    summary = summarise(folder.read_config(), folder.read_answers())
    folder.write("summary.json", json.dumps(asdict(summary), indent=1) + "\n")
    folder.write("report.md", to_markdown(summary))
    return summary


def to_markdown(summary: Summary) -> str:
    """The whole report: arms, differences, kinds, and what retrieval found."""
    config = summary.config
    at = config.commit[:12] if config.commit else f"content {config.content}"
    state = "" if summary.is_complete else " Not complete: the same command goes on."
    parts = [
        f"{config.repo} ({at}), {config.model}, {config.n_questions} questions, seed {config.seed}, at most "
        f"{config.max_tokens} tokens an answer.{state}"
    ]
    if not summary.arms:
        return "\n".join([*parts, "", "Nothing is answered yet.", ""])
    parts.append(_arms_table(summary))
    parts.extend(_describe_comparison(comparison) for comparison in summary.comparisons)
    parts.append(_groups_table("kind", summary.by_kind))
    if summary.by_retrieval:
        parts.append(_groups_table("retrieved", summary.by_retrieval))
    if config.grounding_version:
        parts.append(_grounding_table(summary.grounding))
    return "\n\n".join(parts) + "\n"


def _arms_table(summary: Summary) -> str:
    header = [
        "arm",
        "n",
        "accuracy",
        "95 % interval",
        "unanswered",
        "abstained",
        "prompt tokens",
        "answer tokens",
        "seconds",
    ]
    has_errors = any(arm.n_errors for arm in summary.arms)
    rows = []
    for arm in summary.arms:
        interval = arm.accuracy_interval
        row = [
            arm.arm,
            str(arm.n),
            f"{arm.accuracy:.3f}",
            f"{interval.low:.3f} to {interval.high:.3f}",
            str(arm.n_unanswered),
            str(arm.n_abstained),
            f"{arm.mean_prompt_tokens:,.0f}",
            f"{arm.mean_completion_tokens:.1f}",
            f"{arm.median_seconds:.2f}",
        ]
        rows.append([*row, str(arm.n_errors)] if has_errors else row)
    return to_table([*header, "errors"] if has_errors else header, rows)


def _grounding_table(summaries: Sequence[GroundingSummary]) -> str:
    header = ["arm", "citations", "precision", "recall", "of right answers", "removed", "answers with unknown names"]
    rows = []
    for each in summaries:
        of_right = f"{each.n_shown_right_cited} of {each.n_shown_right}" if each.n_shown_right else "-"
        rows.append(
            [
                each.arm,
                f"{each.n_citations} in {each.n_cited} answers",
                _rate(each.precision, each.n_holding, each.n_citations),
                _rate(each.recall, each.n_shown_cited, each.n_shown),
                of_right,
                str(each.n_removed),
                f"{each.n_with_unknown / each.n:.3f} ({each.n_with_unknown} of {each.n}; {each.n_unknown} names)",
            ]
        )
    return to_table(header, rows)


def _rate(share: float | None, n_hits: int, n: int) -> str:
    return f"{share:.3f} ({n_hits} of {n})" if share is not None else "-"


def _describe_comparison(comparison: Comparison) -> str:
    interval = comparison.interval
    width = (
        f"95 % interval {interval.low:+.3f} to {interval.high:+.3f}" if interval else "too few files to say how sure"
    )
    p = comparison.mcnemar_p
    return (
        f"{comparison.arm} minus {comparison.baseline}: {comparison.difference:+.3f} ({width}; {comparison.n_pairs} "
        f"pairs in {comparison.n_files} files), {comparison.n_gained} gained, {comparison.n_lost} lost, exact McNemar "
        + (f"p = {p:.3f}" if p >= 0.001 else "p < 0.001")
    )


def _groups_table(title: str, groups: Sequence[GroupSummary]) -> str:
    arms = list(dict.fromkeys(group.arm for group in groups))
    cells: dict[str, dict[str, GroupSummary]] = {}
    for group in groups:
        cells.setdefault(group.group, {})[group.arm] = group
    rows = [[name, *(_share(by_arm[arm]) for arm in arms)] for name, by_arm in cells.items()]
    return to_table([title, *arms], rows)


def _share(group: GroupSummary) -> str:
    return f"{group.n_correct / group.n:.3f} ({group.n_correct} of {group.n})" if group.n else "none asked"
