"""The recipe of the confidence, as one command.

    python -m eval.abstention --written SUITE CHECKOUTS --mined SUITE CHECKOUTS --reported FOLDER --plot FILE

Asks questions of the repositories that answer them, of others, and some that have no answer, fits
``assistant/confidence.toml``, and says what a threshold costs and brings on repositories that were left out of the
fit, and once on packages that nothing was fitted on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from assistant.confidence import COEFFICIENTS_FILE, Coefficients
from assistant.search import Searcher
from assistant.settings import AssistantSettings
from eval.retrieval.indexes import evaluation_settings, warm_up
from indexer.errors import QuarryError
from indexer.settings import IndexerSettings

from .cases import ask_foreign, ask_own, open_reported, open_repositories
from .fit import cross_validate, fit_coefficients, measure_quality, measure_threshold
from .plot import draw_risk
from .records import Case, IndexedRepository

Suite = tuple[Path, Path]
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE = click.Path(path_type=Path, dir_okay=False)
_PENALTY = 0.002
_THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


@click.command(help=__doc__)
@click.option("--written", type=(_FOLDER, _FOLDER), multiple=True, required=True, help="Suite and its checkouts.")
@click.option("--mined", type=(_FOLDER, _FOLDER), multiple=True, help="Suite and its checkouts.")
@click.option("--reported", type=_FOLDER, multiple=True, help="Folder of a package that nothing may be tuned on.")
@click.option("--n-reported", default=150, show_default=True, help="Questions made from each, and asked of it.")
@click.option("--home", type=click.Path(path_type=Path), help="Where the indexes are kept.")
@click.option("--out", type=_FILE, default=COEFFICIENTS_FILE, help="The file of coefficients to write.")
@click.option("--plot", type=_FILE, help="Draw risk against coverage there, as SVG.")
@click.option("--report", type=_FILE, help="Also write all figures there, as JSON.")
def main(
    written: Sequence[Suite],
    mined: Sequence[Suite],
    reported: Sequence[Path],
    n_reported: int,
    home: Path | None,
    out: Path,
    plot: Path | None,
    report: Path | None,
) -> None:
    """Run the recipe."""
    settings = evaluation_settings(IndexerSettings(), home)
    warm_up(settings)
    searcher = Searcher(settings.home)
    repositories = [each for suite in written for each in open_repositories(suite, "written", settings)]
    repositories += [each for suite in mined for each in open_repositories(suite, "mined", settings)]
    cases = [case for each in repositories for case in _ask(each, repositories, searcher)]
    judged = cross_validate(cases, penalty=_PENALTY)
    figures = {"cross-validated": _describe(judged, "development repositories, each left out of its fit")}
    coefficients = fit_coefficients(cases, penalty=_PENALTY)
    out.write_text(to_toml(coefficients), encoding="utf-8")
    click.echo(f"wrote {out}")
    curves = {"development repositories, cross-validated": judged}
    for folder in reported:
        package = open_reported(folder, folder.name, n_reported, settings)
        asked = [(case, coefficients.probability(case.signals)) for case in _ask(package, repositories, searcher)]
        figures[package.name] = _describe(asked, package.name)
        curves[package.name] = asked
    if plot is not None:
        draw_risk(curves, AssistantSettings().min_confidence, plot)
        click.echo(f"wrote {plot}")
    if report is not None:
        report.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        click.echo(f"wrote {report}")


def to_toml(coefficients: Coefficients) -> str:
    """The file of coefficients."""
    lines = [
        "# How likely it is that the hits hold the answer: a logistic regression over the signals of",
        "# assistant/confidence.py. Written by `python -m eval.abstention`; what it is worth: docs/abstention.md.",
        f"intercept = {coefficients.intercept}",
    ]
    for name, values in (
        ("weights", coefficients.weights),
        ("means", coefficients.means),
        ("deviations", coefficients.deviations),
    ):
        lines += ["", f"[{name}]", *(f"{signal} = {value}" for signal, value in values.items())]
    return "\n".join(lines) + "\n"


def _ask(repository: IndexedRepository, all_of_them: Sequence[IndexedRepository], searcher: Searcher) -> list[Case]:
    others = [each for each in all_of_them if each.name != repository.name]
    cases = [*ask_own(repository, searcher), *ask_foreign(repository, others, searcher)]
    n_hold, n_own = sum(case.holds for case in cases), sum(case.is_own for case in cases)
    click.echo(f"{repository.name}: {len(cases)} questions, {n_own} its own, {n_hold} found", err=True)
    return cases


def _describe(judged: Sequence[tuple[Case, float]], title: str) -> dict[str, object]:
    """Print the figures of one set of cases; returns them."""
    parts = {
        "all": judged,
        "against questions of repositories in the same language": [
            (case, value)
            for case, value in judged
            if case.is_own or (case.is_foreign and case.language == case.source_language)
        ],
        "own questions and unanswerable ones of real names": [
            (case, value) for case, value in judged if not case.is_foreign
        ],
        **{
            kind: [(case, value) for case, value in judged if case.question.kind == kind]
            for kind in ("written", "mined", "harvested", "short")
        },
    }
    qualities = {name: asdict(measure_quality(part)) for name, part in parts.items() if part}
    click.echo(f"\n{title}")
    for name, quality in qualities.items():
        click.echo(f"  {name}: " + ", ".join(f"{figure} {value}" for figure, value in quality.items()))
    click.echo("  refused below    of own  of found  of others'  unanswerable")
    thresholds = [measure_threshold(judged, value) for value in _THRESHOLDS]
    for each in thresholds:
        click.echo(
            f"  {each.value:13.2f} {each.own_refused:9.1%} {each.held_refused:9.1%} {each.foreign_refused:11.1%}"
            f" {each.unanswerable_refused:13.1%}"
        )
    return {"quality": qualities, "thresholds": [asdict(each) for each in thresholds]}


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except (QuarryError, click.ClickException) as error:
        click.echo(f"eval.abstention: {error}", err=True)
        sys.exit(1)
