"""The recipe of the ranking's weights, as one command.

    python -m eval.fitting --written SUITE CHECKOUTS --mined SUITE CHECKOUTS [--mined …]

Fits on all suites, and says what the fit is worth on repositories that it has not seen: each repository of the
written suites is scored by weights that were fitted without it. Written questions are people's, mined ones are made
from docstrings and commits (``eval.fitting.mine``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import click

from assistant.ranking import WEIGHTS_FILE, Weights
from eval.retrieval.indexes import evaluation_settings, warm_up
from eval.retrieval.run import open_suite
from eval.stats import mean_interval
from indexer.errors import QuarryError
from indexer.settings import IndexerSettings

from .examples import ExampleSet, collect_examples
from .fit import FitSettings, fit_weights, score_questions

Suite = tuple[Path, Path]
_DEFAULTS = FitSettings()
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command(help=__doc__)
@click.option("--written", type=(_FOLDER, _FOLDER), multiple=True, required=True, help="Suite and its checkouts.")
@click.option("--mined", type=(_FOLDER, _FOLDER), multiple=True, help="Suite and its checkouts.")
@click.option("--penalty", type=float, default=_DEFAULTS.penalty, show_default=True, help="On squared weights.")
@click.option("--mined-share", type=float, default=_DEFAULTS.mined_share, show_default=True)
@click.option("--home", type=click.Path(path_type=Path), help="Where the indexes are kept.")
@click.option("--out", type=click.Path(path_type=Path), default=WEIGHTS_FILE, help="The file of weights to write.")
@click.option("--report", type=click.Path(path_type=Path), help="Also write each question's figure there, as JSON.")
def main(
    written: Sequence[Suite],
    mined: Sequence[Suite],
    penalty: float,
    mined_share: float,
    home: Path | None,
    out: Path,
    report: Path | None,
) -> None:
    """Run the recipe."""
    settings = FitSettings(penalty, mined_share)
    index_settings = evaluation_settings(IndexerSettings(), home)
    warm_up(index_settings)
    written_sets = list(chain.from_iterable(_collect(suite, index_settings, (False, True)) for suite in written))
    mined_sets = list(chain.from_iterable(_collect(suite, index_settings, (False,)) for suite in mined))
    held_out = cross_validate(written_sets, mined_sets, settings)
    for is_masked in (False, True):
        rows = {each.repository: scores for each, scores in held_out if each.is_masked is is_masked}
        _print_table(rows, "path-masked" if is_masked else "ranked")
    weights = fit_weights(written_sets, mined_sets, settings)
    out.write_text(to_toml(weights), encoding="utf-8")
    click.echo(f"wrote {out}")
    if report is not None:
        report.write_text(json.dumps(_to_report(held_out, settings), indent=1) + "\n", encoding="utf-8")
        click.echo(f"wrote {report}")


def cross_validate(
    written: Sequence[ExampleSet], mined: Sequence[ExampleSet], settings: FitSettings
) -> list[tuple[ExampleSet, list[float]]]:
    """nDCG@10 of each question of each written set, by weights that were fitted without its repository."""
    scored = []
    for repository in dict.fromkeys(each.repository for each in written):
        weights = fit_weights([each for each in written if each.repository != repository], mined, settings)
        scored += [(each, score_questions(each, weights)) for each in written if each.repository == repository]
    return scored


def to_toml(weights: Weights) -> str:
    """The file of weights."""
    lines = [
        "# The weights of the ranking's signals (assistant/signals.py says what each is). Written by",
        "# `python -m eval.fitting`; what they are worth on repositories they were not fitted on: docs/ranking.md.",
        f"repeat_penalty = {weights.repeat_penalty}",
        f"context_repeat_penalty = {weights.context_repeat_penalty}",
        "",
        "[files]",
        *(f"{name} = {weight}" for name, weight in weights.files.items()),
        "",
        "[chunks]",
        *(f"{name} = {weight}" for name, weight in weights.chunks.items()),
    ]
    return "\n".join(lines) + "\n"


def _collect(suite: Suite, settings: IndexerSettings, masks: Sequence[bool]) -> list[ExampleSet]:
    sets = []
    for opened in open_suite(*suite, settings):
        for is_masked in masks:
            sets.append(collect_examples(opened, settings, is_masked=is_masked))
        n_missed = sum(not example.answering_files.any() for example in sets[-1].examples)
        click.echo(
            f"{opened.repository.name}: {len(opened.questions)} questions, {n_missed} without an answer among the "
            "candidates",
            err=True,
        )
    return sets


def _print_table(rows: dict[str, list[float]], title: str) -> None:
    means = {name: sum(scores) / len(scores) for name, scores in rows.items()}
    interval = mean_interval(list(means.values()))
    spread = f" (95 % {interval.low:.3f} to {interval.high:.3f})" if interval else ""
    click.echo(
        f"\n{title}: nDCG@10 {sum(means.values()) / len(means):.4f}{spread}, each repository left out of the fit"
    )
    for name, mean in means.items():
        click.echo(f"  {name:<20} {mean:.3f}")


def _to_report(held_out: Sequence[tuple[ExampleSet, list[float]]], settings: FitSettings) -> dict[str, object]:
    return {
        "what": "nDCG@10 of each question by weights that were fitted without its repository",
        "settings": asdict(settings),
        "repositories": [
            {
                "name": each.repository,
                "is_masked": each.is_masked,
                "ndcg@10": round(sum(scores) / len(scores), 4),
                "questions": [round(score, 4) for score in scores],
            }
            for each, scores in held_out
        ],
    }


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except (QuarryError, click.ClickException) as error:
        click.echo(f"eval.fitting: {error}", err=True)
        sys.exit(1)
