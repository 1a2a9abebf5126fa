"""The report's plots, each from its figures alone. Beside every plot the page has the same figures as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .figures import MAIN_ARMS, NONE, PLACEBO, RETRIEVAL
from .records import Calibration, Cost, Gain, Group
from .svg import arm_colour, arm_marker, new_figure, stand_in, to_svg
from .wording import judge_gain, write_signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 5.2  # inches: readable on a phone without being scaled down much
_ROW = 0.42
_LEAST_GAIN = 0.1  # that an axis of gains reaches to: one of zeros alone would have ticks that all read 0.00
MIN_CONFIDENCES = 30  # below, a plot of them shows single cases
_MAX_MARK = 70  # points², the area of the mark of the fullest bin
_MAX_NAME_CHARS = 34  # of a row: the plot must have room beside it; the table has the whole name


@dataclass(frozen=True, slots=True)
class Plot:
    """An inline SVG with its caption."""

    svg: str
    caption: str


def draw_gains(groups: Sequence[Group], key: str, title: str) -> Plot | None:
    """Differences with intervals, one row a group: retrieval minus none, and minus placebo."""
    rows = [group for group in groups if group.gain(RETRIEVAL, NONE) is not None]
    if not rows:
        return None
    figure = new_figure(_WIDTH, 0.9 + _ROW * len(rows))
    axes = figure.add_subplot()
    for baseline, shift in ((NONE, -0.14), (PLACEBO, 0.16)):
        colour = arm_colour(RETRIEVAL if baseline == NONE else PLACEBO)
        marker = arm_marker(RETRIEVAL if baseline == NONE else PLACEBO, [])
        gains = [(row, gain) for row, group in enumerate(rows) if (gain := group.gain(RETRIEVAL, baseline)) is not None]
        if gains:  # the name stands beside a full mark, whatever the first difference is
            named = f"retrieval minus {baseline}"
            axes.plot([], [], marker=marker, color=colour, markersize=6, linestyle="", label=named)
        for row, gain in gains:
            if gain.interval is not None:
                axes.plot([gain.interval.low, gain.interval.high], [row + shift] * 2, color=colour, linewidth=2)
            is_significant = judge_gain(gain) != "not significant"
            axes.plot(
                [gain.difference],
                [row + shift],
                marker=marker,
                color=colour,
                markerfacecolor=colour if is_significant else stand_in("ground"),
                markersize=6,
                linestyle="",
            )
    axes.axvline(0, color=stand_in("ink"), linewidth=0.8)
    repos = len({group.repo for group in rows})
    names = [f"{group.repo} · {group.task}" if repos > 1 else group.task for group in rows]
    _finish(axes, names, "difference in the share of right answers")
    axes.xaxis.set_major_formatter(lambda value, _: write_signed(value, 2))
    figure.legend(loc="outside upper left", ncols=2, frameon=False, labelcolor=stand_in("ink"))
    return Plot(
        to_svg(figure, key, title),
        "Marks are paired differences, lines their 95 % intervals (none with few files); right of 0 is better. Hollow: "
        "not significant, also where the interval excludes zero but the exact test is not below 0.05.",
    )


def draw_arms(groups: Sequence[Group], key: str, title: str) -> Plot | None:
    """Accuracy of the main arms with Wilson's intervals, one row a task."""
    rows = [group for group in groups if any(arm.correct.share is not None for arm in group.arms)]
    if not rows:
        return None
    arms = [arm for arm in MAIN_ARMS if any(group.arm(arm) is not None for group in rows)]
    figure = new_figure(_WIDTH, 0.9 + 0.2 * len(rows) * (len(arms) + 1))
    axes = figure.add_subplot()
    for place, arm in enumerate(arms):
        shift = (place - (len(arms) - 1) / 2) * 0.19
        is_named = False
        for row, group in enumerate(rows):
            figures = group.arm(arm)
            if figures is None or figures.correct.share is None or figures.correct.interval is None:
                continue
            interval = figures.correct.interval
            axes.plot([interval.low, interval.high], [row + shift] * 2, color=arm_colour(arm), linewidth=2)
            label = None if is_named else arm
            is_named = True
            axes.plot(
                [figures.correct.share],
                [row + shift],
                marker=arm_marker(arm, []),
                color=arm_colour(arm),
                markersize=6,
                linestyle="",
                clip_on=False,
                label=label,
            )
    axes.set_xlim(0, 1)
    _finish(axes, [group.task for group in rows], "share of right answers")
    figure.legend(loc="outside upper left", ncols=4, frameon=False, labelcolor=stand_in("ink"), columnspacing=1)
    return Plot(to_svg(figure, key, title), "Dots are shares of right answers, lines their 95 % intervals.")


def draw_costs(group: Group, key: str, title: str) -> Plot | None:
    """What each arm gains over none, against the tokens of its prompts and against the seconds of the model."""
    gains = [(cost, gain) for cost in group.costs if (gain := group.gain(cost.arm, NONE)) is not None]
    baseline = group.arm(NONE)
    if not gains or baseline is None:
        return None
    figure = new_figure(_WIDTH, 2.7)
    left, right = figure.subplots(1, 2, sharey=True)
    others = [arm.arm for arm in group.arms if arm.arm not in MAIN_ARMS]
    values: tuple[tuple[Axes, str, float, Callable[[Cost], float]], ...] = (
        (left, "prompt tokens", baseline.prompt_tokens, lambda cost: cost.more_prompt_tokens),
        (right, "seconds", baseline.seconds, lambda cost: cost.more_seconds),
    )
    for axes, name, at_none, more_of in values:
        _mark(axes, at_none, None, NONE, others, axes is left)
        for cost, gain in gains:  # what an arm takes more is over the cases of its gain: an oracle has not all
            _mark(axes, at_none + more_of(cost), gain, cost.arm, others, axes is left)
        axes.axhline(0, color=stand_in("muted"), linewidth=0.8)
        axes.set_xlim(left=0)
        axes.margins(x=0.1)
        axes.set_xlabel(name)
        _style(axes)
    low, high = left.get_ylim()
    left.set_ylim(min(low, -_LEAST_GAIN), max(high, _LEAST_GAIN))
    left.set_ylabel("gain over none")
    left.yaxis.set_major_formatter(lambda value, _: write_signed(value, 2))
    figure.legend(loc="outside upper left", ncols=4, frameon=False, labelcolor=stand_in("ink"), columnspacing=1)
    return Plot(to_svg(figure, key, title), "Each mark is an arm; lines are 95 % intervals of its gain over none.")


def draw_risk(each: Calibration, key: str, title: str) -> Plot | None:
    """Risk by coverage, and how often a confidence came true; None with too few cases for either to say anything."""
    if min(each.n, each.n_with_sources) < MIN_CONFIDENCES:
        return None
    figure = new_figure(_WIDTH, 2.6)
    left, right = figure.subplots(1, 2)
    colour = arm_colour(each.arm)
    left.plot([0, 1], [0, 1], color=stand_in("muted"), linewidth=0.8, linestyle="--")
    left.scatter(  # no line: it would zigzag through bins of single cases as if they were curves
        [part.mean_confidence for part in each.bins],
        [part.share_true for part in each.bins],
        s=[_MAX_MARK * part.n / max(other.n for other in each.bins) for part in each.bins],
        color=colour,
        marker=arm_marker(each.arm, [each.arm]),
        clip_on=False,
        zorder=3,
    )
    left.set(xlabel="confidence", ylabel="passages hold the answer", xlim=(0, 1), ylim=(0, 1.02))
    right.plot([point.coverage for point in each.risk], [point.risk for point in each.risk], color=colour)
    if each.aurc_random is not None:
        right.axhline(each.aurc_random, color=stand_in("muted"), linewidth=0.8, linestyle="--")
    right.set(xlabel="share answered, surest first", ylabel="share wrong of those", xlim=(0, 1), ylim=(0, 1.02))
    for axes in (left, right):
        _style(axes)
    return Plot(
        to_svg(figure, key, title),
        "Left: a mark stands for the confidences within one tenth of the scale, its area for their number; on the "
        "dashed line they come true as often as they say. Right: lower is better; the dashed line is a confidence that "
        "says nothing.",
    )


def _mark(axes: Axes, x: float, gain: Gain | None, arm: str, others: list[str], is_named: bool) -> None:
    colour = arm_colour(arm)
    if gain is not None and gain.interval is not None:
        axes.plot([x, x], [gain.interval.low, gain.interval.high], color=colour, linewidth=1.5)
    axes.plot(
        [x],
        [gain.difference if gain is not None else 0.0],
        marker=arm_marker(arm, others),
        color=colour,
        markersize=6,
        linestyle="",
        clip_on=False,
        label=arm if is_named else None,
    )


def _finish(axes: Axes, names: Sequence[str], label: str) -> None:
    axes.set_yticks(range(len(names)), [_shorten(name) for name in names])
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.set_xlabel(label)
    _style(axes)
    axes.tick_params(axis="y", length=0)


def _shorten(name: str) -> str:
    return name if len(name) <= _MAX_NAME_CHARS else name[: _MAX_NAME_CHARS - 1] + "…"


def _style(axes: Axes) -> None:
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(stand_in("muted"))
    axes.tick_params(colors=stand_in("ink"))
    axes.xaxis.label.set_color(stand_in("ink"))
    axes.yaxis.label.set_color(stand_in("ink"))
    axes.grid(color=stand_in("line"), linewidth=0.5)
    axes.set_axisbelow(True)
