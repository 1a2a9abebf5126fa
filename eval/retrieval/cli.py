"""``quarry eval run retrieval``: one repository with a file of questions, or a suite of them."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from indexer.settings import IndexerSettings

    from .arms import RetrievalArm
    from .records import RepositoryOutcome
    from .run import OpenedRepository

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--repo", metavar="PATH", help="The repository to search: a path or a git URL. Needs --queries.")
@click.option("--queries", type=click.Path(path_type=Path, dir_okay=False), help="Its questions, a JSONL file.")
@click.option("--suite", type=_FOLDER, help="A folder with repos.json and a JSONL file for each. Needs --checkouts.")
@click.option("--checkouts", type=_FOLDER, help="The folder that holds the suite's sources, each by its name.")
@click.option("--only", default="", metavar="NAMES", help="Only these repositories of the suite, by commas.")
@click.option("--k", default=10, show_default=True, type=click.IntRange(1, 1000), help="Hits that are scored.")
@click.option(
    "--arms",
    default="ranked",
    show_default=True,
    help="Ways to search: ranked, fused, dense, lexical, without:SIGNAL, signals (each left out), path-masked.",
)
@click.option("--home", type=_FOLDER, help="Where the indexes are kept; by default below Quarry's home.")
@click.option("--fresh", is_flag=True, help="Build every index anew, also where one is kept.")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
@click.option("--details", type=click.Path(path_type=Path, dir_okay=False), help="Write each question's hits there.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def retrieval(
    repo: str | None,
    queries: Path | None,
    suite: Path | None,
    checkouts: Path | None,
    only: str,
    k: int,
    arms: str,
    home: Path | None,
    fresh: bool,
    seed: int,
    details: Path | None,
    as_json: bool,
) -> None:
    """Measure the search alone: nDCG, recall and reciprocal rank of the code that answers each question."""
    one, many = (repo, queries), (suite, checkouts)
    if not ((all(one) and not any(many)) or (all(many) and not any(one))):
        raise click.UsageError("Give --repo and --queries, or --suite and --checkouts.")
    if details is not None and not details.parent.is_dir():
        raise click.BadParameter(f"There is no folder {details.parent}.", param_hint="--details")
    from assistant.settings import AssistantSettings

    from .arms import choose_arms
    from .indexes import evaluation_settings, warm_up
    from .report import to_markdown
    from .run import open_repository, open_suite
    from .summary import question_lines, summarise

    chosen = choose_arms(arms.split(","))
    settings = AssistantSettings()
    if repo is not None and queries is not None:
        opened = [open_repository(repo, queries, settings)]
    else:
        assert suite is not None and checkouts is not None
        opened = open_suite(suite, checkouts, settings, [name.strip() for name in only.split(",") if name.strip()])
    for note in (note for repository in opened for note in repository.source.notes):
        click.echo(f"note: {note}", err=True)
    kept = evaluation_settings(settings, home)
    warm_up(kept)
    outcomes = []
    for number, repository in enumerate(opened, 1):
        outcome = _evaluate(repository, chosen, kept, k, fresh)
        outcomes.append(outcome)
        click.echo(f"[{number}/{len(opened)}] {_describe(outcome, k)}", err=True)
    figures = summarise(outcomes, k=k, seed=seed)
    if details is not None:
        details.write_text("".join(json.dumps(line) + "\n" for line in question_lines(outcomes)))
    click.echo(json.dumps(figures, indent=1) if as_json else to_markdown(figures, k).rstrip())


def _evaluate(
    repository: OpenedRepository, arms: list[RetrievalArm], settings: IndexerSettings, k: int, fresh: bool
) -> RepositoryOutcome:
    from .run import evaluate

    name = repository.repository.name
    return evaluate(
        repository,
        arms,
        settings,
        k=k,
        fresh=fresh,
        on_note=lambda line: click.echo(f"{name}: {line}", err=True),
    )


def _describe(outcome: RepositoryOutcome, k: int) -> str:
    """What was done for one repository, on a line."""
    index = outcome.arms[0].index
    mean = fmean(asked.measures[f"ndcg@{k}"] for asked in outcome.arms[0].questions)
    made = "kept index, built" if index.is_kept else "indexed"
    return (
        f"{outcome.repository.name}: {made} in {index.seconds:.2f} s ({index.n_files:,} files, {index.n_chunks:,} "
        f"chunks); {len(outcome.arms[0].questions)} questions, {len(outcome.arms)} arms, nDCG@{k} {mean:.3f}"
    )
