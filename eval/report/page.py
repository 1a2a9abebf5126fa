"""One self-contained page from a report: templates, plots, and the texts of the answers side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from eval.asked import find_asked
from eval.cases import Result

from . import wording
from .causes import list_causes
from .figures import MAIN_ARMS, NEVER_POOLED, NONE, ORACLE, PLACEBO, RETRIEVAL, order_arms, part_by
from .plots import MIN_CONFIDENCES, Plot, draw_arms, draw_costs, draw_gains, draw_risk
from .records import ArmFigures, Calibration, Example, Group, PooledGain, Report
from .setups import describe_setup
from .splits import FOUND, KIND, LANGUAGE, NAMED, NOTICED
from .svg import COLOURS
from .text import choose_parts

GLYPHS: Mapping[str, str] = {NONE: "●", PLACEBO: "■", RETRIEVAL: "◆", ORACLE: "▲"}  # as the plots' markers
_MAX_TEXT_CHARS = 20_000  # of an answer without an end
_MAX_OPEN_CHARS, _MAX_OPEN_LINES = 600, 12  # of what a case asked; what is longer is folded
# What the arms' table has a column for only where an arm has any.
_SELDOM_USED: Mapping[str, Callable[[ArmFigures], int]] = {
    "unanswered": lambda arm: arm.n_unanswered,
    "errors": lambda arm: arm.n_errors,
    "from cache": lambda arm: arm.n_cached,
}


@dataclass(frozen=True, slots=True)
class _Place:
    """One repository with one model: what a part of the page is about."""

    model: str
    repo: str
    groups: Sequence[Group]
    pooled: Sequence[PooledGain]
    arms: Plot | None
    costs: Sequence[tuple[Group, Plot]]


@dataclass(frozen=True, slots=True)
class _Model:
    """All of one model."""

    name: str
    gains: Plot | None
    has_controls: bool
    places: Sequence[_Place]


@dataclass(frozen=True, slots=True)
class _Pair:
    """An example with its two results. ``asked`` is the task of both; ``is_long`` says that it is to be folded."""

    example: Example
    asked: str
    is_long: bool
    sides: Sequence[Result]


def render_page(report: Report, results: Sequence[Result]) -> str:
    """The page as HTML. ``results`` are those that ``report`` was made from: the examples' texts come from them."""
    environment = Environment(
        loader=PackageLoader("eval.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "number": wording.write_number,
        "signed": wording.write_signed,
        "p": wording.write_p,
        "interval": wording.write_interval,
        "share": wording.write_share,
        "passes": wording.write_pass,
        "verdict": wording.judge_gain,
        "parts": choose_parts,
        "used": lambda groups: [name for name, count in _SELDOM_USED.items() if _is_used(groups, count)],
        "commit": wording.write_commit,
        "left_out": wording.describe_left_out,
        "interval_words": wording.describe_interval,
        "shown": wording.describe_shown,
        "causes": list_causes,
        "follow_up": wording.describe_follow_up,
        "measure": wording.describe_measure,
        "glyph": lambda arm: GLYPHS.get(arm, "▼"),
        "arm_class": lambda arm: arm if arm in GLYPHS else "other",
        "clip": _clip,
    }
    return environment.get_template("report.html").render(
        report=report,
        models=[_lay_out(own, report.pooled) for own in part_by(report.groups, lambda each: each.model).values()],
        risks=_draw_risks(report),
        pairs=_pair_examples(report.examples, results),
        setups=[
            (describe_setup(each), json.dumps(asdict(each), indent=1, ensure_ascii=False)) for each in report.setups
        ],
        colours=COLOURS.values(),
        main_arms=MAIN_ARMS,
        never_pooled=NEVER_POOLED,
        splits={
            KIND: "By kind",
            NAMED: "By what the question names",
            LANGUAGE: "By language",
            NOTICED: "By how well tests decide",
        },
        found_split=FOUND,
        min_confidences=MIN_CONFIDENCES,
        progress_arms=order_arms(arm for each in report.progress for arm in each.answered),
        unused=lambda used: [name for name in _SELDOM_USED if name not in used],
        short_models=wording.shorten_models(group.model for group in report.groups),
        not_complete=any(each.n_complete < len(each.answered) for each in report.progress),
        interim=wording.INTERIM,
        no_code=NONE,
        placebo=PLACEBO,
        retrieval=RETRIEVAL,
        oracle=ORACLE,
    )


def _is_used(groups: Sequence[Group], count: Callable[[ArmFigures], int]) -> bool:
    return any(count(arm) for group in groups for arm in group.arms)


def _lay_out(own: Sequence[Group], pooled: Sequence[PooledGain]) -> _Model:
    """What the page has of one model, whose groups these are."""
    model = own[0].model
    places = []
    for repo, groups in part_by(own, lambda group: group.repo).items():
        costs = [
            (group, plot)
            for group in groups
            if (plot := draw_costs(group, _key("costs", group), f"{group.task}: gain against cost, by arm"))
        ]
        places.append(
            _Place(
                model=model,
                repo=repo,
                groups=groups,
                pooled=[each for each in pooled if (each.model, each.repo) == (model, repo)],
                arms=draw_arms(groups, _key("arms", groups[0]), f"{repo}, {model}: right answers by arm and task"),
                costs=costs,
            )
        )
    title = f"{model}: gain of retrieval with its interval, by task and repository"
    has_controls = any(
        gain.arm in MAIN_ARMS and (gain.arm, gain.baseline) != (RETRIEVAL, NONE)
        for group in own
        for gain in group.gains
    )
    gains = draw_gains(own, _key("gains", own[0]), title)
    return _Model(name=model, gains=gains, has_controls=has_controls, places=places)


def _draw_risks(report: Report) -> list[tuple[Group, Calibration, Plot | None]]:
    return [
        (group, each, draw_risk(each, f"{_key('risk', group)}-{number}", f"{group.task}, {each.arm}: confidence"))
        for group in report.groups
        for number, each in enumerate(group.calibration)
    ]


def _pair_examples(examples: Sequence[Example], results: Sequence[Result]) -> list[_Pair]:
    by_key: dict[tuple[str, ...], Result] = {
        (result.model, result.repo, result.task, result.case_id, result.arm): result for result in results
    }
    pairs = []
    for each in examples:
        keys = [(each.model, each.repo, each.task, each.case_id, arm) for arm in (each.baseline, each.arm)]
        sides = [by_key[key] for key in keys]
        asked = find_asked(sides[0])
        is_long = len(asked) > _MAX_OPEN_CHARS or asked.count("\n") >= _MAX_OPEN_LINES
        pairs.append(_Pair(each, asked, is_long, sides))
    return pairs


def _key(what: str, group: Group) -> str:
    """A part of an HTML id that no other plot of the page has."""
    raw = f"{what}-{group.model}-{group.repo}-{group.task}"
    return "".join(letter if letter.isalnum() else "-" for letter in raw)


def _clip(text: Any) -> str:
    """A text of bearable length, with what was left out said."""
    full = str(text)
    if len(full) <= _MAX_TEXT_CHARS:
        return full
    return f"{full[:_MAX_TEXT_CHARS]}\n… ({len(full) - _MAX_TEXT_CHARS} characters more)"
