"""A report as Markdown that also reads as plain text: what a terminal shows after a run."""

from __future__ import annotations

from collections.abc import Sequence

from eval.judging.records import JudgeFigures
from eval.tables import to_table
from eval.tasks import FACTS

from .causes import ENOUGH
from .figures import MAIN_ARMS, NONE, RETRIEVAL, order_arms
from .records import ArmFigures, Gain, Group, Progress, Report, Slice
from .splits import FOUND
from .wording import (
    INTERIM,
    describe_confidence,
    describe_follow_up,
    describe_left_out,
    describe_measure,
    judge_gain,
    shorten_models,
    write_interval,
    write_number,
    write_p,
    write_pass,
    write_share,
    write_signed,
)


def to_markdown(report: Report) -> str:
    """The headline, then each task's arms, gains, splits and reasons, and what is missing."""
    if not report.groups:
        return "\n\n".join(["No case has been answered yet.", *describe_not_begun(report.progress)]) + "\n"
    parts = ["\n".join(f"- {line}" for line in report.summary)] if report.summary else []
    for group in report.groups:
        parts += [f"## {group.task} on {group.repo}, {group.model}", *describe_group(group)]
        parts += [f"Unfinished: {'; '.join(group.missing)}. {INTERIM}"] if group.missing else []
    if report.judges:
        parts += ["## Judged by a model", judges_table(report.judges)]
    parts += describe_not_begun(report.progress)
    return "\n\n".join(parts) + "\n"


def describe_group(group: Group) -> list[str]:
    """All of one task: tables, reasons, errors."""
    parts = [arms_table(group)]
    if group.gains:
        parts.append(gains_table(group.gains))
        with_empty = [gain for gain in group.gains if gain.n_without_sources]
        parts += [f"{gain.arm} minus {gain.baseline}: {describe_left_out(gain)}." for gain in with_empty]
    parts += [group.why] if group.why else []
    for split in dict.fromkeys([FOUND, *(each.split for each in group.slices)]):
        table = slices_table(group, split)
        parts += [table] if table else []
    if group.follow_ups:
        rows = [[each.arm, write_share(each.first), write_share(each.after)] for each in group.follow_ups]
        parts.append(to_table(["arm", "right at once", "right after one follow-up"], rows))
    if group.gain_after_follow_up is not None:
        parts.append(describe_follow_up(group.gain_after_follow_up))
    if group.measures:
        rows = [
            [
                each.measure,
                f"{each.arm} against {each.baseline}",
                describe_measure(each),
                write_interval(each.interval, signed=each.scale != "ratio"),
            ]
            for each in group.measures
        ]
        parts.append(to_table(["measure", "arms", "difference", "95 % interval"], rows))
    if any(each.unanswerable.n_hits or each.answerable.n_hits for each in group.refusals):
        rows = [[each.arm, write_share(each.unanswerable), write_share(each.answerable)] for each in group.refusals]
        parts.append(to_table(["arm", "unanswerable refused", "answerable refused or unanswered"], rows))
    elif group.refusals:
        n = max(each.unanswerable.n for each in group.refusals)
        parts.append(f"No arm refused any of the {n} unanswerable questions, or left another question unanswered.")
    if group.task in FACTS:
        parts += filter(None, map(describe_confidence, group.calibration))
    errors = [each for each in group.reasons if each.verdict == "error"]
    parts += ["\n".join(f"- {each.n} of {each.arm} failed: {each.reason}" for each in errors)] if errors else []
    return parts


def describe_not_begun(progress: Sequence[Progress]) -> list[str]:
    """In a line, what was to be run and has no answer in any arm; nothing where all is begun."""
    rows = [f"{each.task} on {each.repo}, {each.model} ({each.n_cases})" for each in progress if not each.is_begun]
    return [f"Not begun (cases): {'; '.join(rows)}."] if rows else []


def found_table(groups: Sequence[Group]) -> str:
    """The findings, a row for each task, repository and model: shares right, gain, how sure it is."""
    models = shorten_models(group.model for group in groups)
    arms = [arm for arm in MAIN_ARMS if any(group.arm(arm) for group in groups)]
    header = ["task", "repository", "model", "n", *arms, "retrieval minus none", "p (Holm)", "result"]
    rows = []
    for group in groups:
        gain = group.gain(RETRIEVAL, NONE)
        n = gain.n_pairs if gain else max(arm.n for arm in group.arms)
        shares = [_write_of(group.arm(arm), n) for arm in arms]
        sure = ["not run", "", ""]
        if gain is not None:
            interval = write_interval(gain.interval, signed=True) if gain.interval else "no interval"
            sure = [f"{write_signed(gain.difference)} ({interval})", write_p(gain.p_holm), judge_gain(gain)]
        rows.append([group.task, group.repo, models[group.model], str(n), *shares, *sure])
    return to_table(header, rows)


def progress_table(progress: Sequence[Progress]) -> str:
    """Cases answered of all, by arm; a dash where none is."""
    models = shorten_models(each.model for each in progress)
    arms = order_arms(arm for each in progress for arm in each.answered)
    rows = []
    for each in progress:
        cells = []
        for arm in arms:
            n = each.answered.get(arm, 0)
            cells.append("—" if not n else f"all {n}" if n >= each.n_cases else f"{n} of {each.n_cases}")
        rows.append([models[each.model], each.task, each.repo, str(each.n_cases), *cells])
    return to_table(["model", "task", "repository", "cases", *arms], rows)


def choose_parts(group: Group, split: str) -> list[Slice]:
    """The parts of a split that say something: those with enough cases, if at least two are and any answer is right."""
    parts = [each for each in group.slices if each.split == split and _count_cases(each) >= ENOUGH]
    is_telling = any(share.n_hits for each in parts for share in each.correct.values())
    return parts if len(parts) > 1 and is_telling else []


def arms_table(group: Group) -> str:
    """The arms of a task: shares, intervals, cost."""
    header = ["arm", "n", "right", "95 % interval", "unanswered", "errors", "prompt tokens", "answer tokens", "seconds"]
    rows = [
        [
            arm.arm,
            str(arm.n),
            write_share(arm.correct),
            write_interval(arm.correct.interval) if arm.correct.interval else "",
            f"{arm.n_unanswered}" + (f" ({arm.n_abstained} not asked)" if arm.n_abstained else ""),
            str(arm.n_errors),
            f"{arm.prompt_tokens:,.0f}",
            f"{arm.completion_tokens:,.0f}",
            write_number(arm.seconds, 2),
            write_pass(arm),
        ]
        for arm in group.arms
    ]
    if not any(arm.pass_at for arm in group.arms):
        return to_table(header, [row[:-1] for row in rows])
    return to_table([*header, "pass@k"], rows)


def gains_table(gains: Sequence[Gain]) -> str:
    """Paired differences with their tests."""
    header = [
        "difference",
        "",
        "95 % interval",
        "pairs",
        "files",
        "gained",
        "lost",
        "p",
        "p (Holm)",
        "detectable",
        "result",
    ]
    rows = [
        [
            f"{gain.arm} minus {gain.baseline}",
            write_signed(gain.difference),
            write_interval(gain.interval, signed=True),
            str(gain.n_pairs),
            str(gain.n_files),
            str(gain.n_gained),
            str(gain.n_lost),
            write_p(gain.p),
            write_p(gain.p_holm),
            write_number(gain.detectable, 2) if gain.detectable is not None else "nothing",
            judge_gain(gain),
        ]
        for gain in gains
    ]
    return to_table(header, rows)


def slices_table(group: Group, split: str) -> str | None:
    """The shares of each part by arm; None where the split says nothing."""
    parts = choose_parts(group, split)
    if not parts:
        return None
    arms = [arm.arm for arm in group.arms]
    rows = [
        [
            each.name,
            *(write_share(each.correct[arm]) if arm in each.correct else "" for arm in arms),
            write_signed(each.gain.difference) if each.gain else "",
        ]
        for each in parts
    ]
    return to_table([f"{split} (exploratory)", *arms, f"retrieval minus {NONE}"], rows)


def judges_table(judges: Sequence[JudgeFigures]) -> str:
    """A judge's agreement with execution and its bias, under a sentence on which pairs these are."""
    header = [
        "judge",
        "task",
        "answers of",
        "arms",
        "pairs",
        "agrees",
        "kappa",
        "position bias",
        "first preferred",
    ]
    rows = [
        [
            each.judge,
            f"{each.task} on {each.repo}",
            each.model,
            f"{each.arm} against {each.baseline}",
            f"{each.n_parsed} of {each.n_pairs}",
            write_share(each.agreement),
            write_number(each.kappa) if each.kappa is not None else "",
            write_share(each.position_bias),
            write_share(each.first_place),
        ]
        for each in judges
    ]
    said = (
        "Pairs that execution tells apart are drawn in turn with the others, so where only a part of a run was judged "
        "(`--limit`) they are more than their share. Position bias: the preference followed the order, not the answer."
    )
    return f"{said}\n\n{to_table(header, rows)}"


def _write_of(arm: ArmFigures | None, n: int) -> str:
    """A share, with its number of cases where that is not ``n``."""
    if arm is None or arm.correct.share is None:
        return "—"
    return write_number(arm.correct.share) + ("" if arm.n == n else f" (of {arm.n})")


def _count_cases(part: Slice) -> int:
    """The pairs of a part; where nothing is compared the cases of its largest arm."""
    return part.gain.n_pairs if part.gain else max((share.n for share in part.correct.values()), default=0)
