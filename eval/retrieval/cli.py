"""``quarry eval run retrieval``: one repository, with its own questions or a file of them, or a suite of both."""

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

MINED_OF_A_KIND = 100  # most questions: where nDCG@10 varies by 0.35, its interval is then 0.07 to each side
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--repo", metavar="PATH", help="The repository to search: a path or a git URL.")
@click.option(
    "--queries",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Its questions, a JSONL file; by default they are made from its docstrings and its history.",
)
@click.option(
    "--limit", type=click.IntRange(1), help=f"Most questions that are made of each kind; by default {MINED_OF_A_KIND}."
)
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
@click.option(
    "--seed", default=0, show_default=True, help="Seed of the bootstrap, and of the draw of questions that are made."
)
@click.option("--details", type=click.Path(path_type=Path, dir_okay=False), help="Write each question's hits there.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def retrieval(
    repo: str | None,
    queries: Path | None,
    limit: int | None,
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
    if repo is not None:
        is_clear = suite is None and checkouts is None
    else:
        is_clear = suite is not None and checkouts is not None and queries is None
    if not is_clear:
        raise click.UsageError("Give --repo, --repo and --queries, or --suite and --checkouts.")
    if limit is not None and (repo is None or queries is not None):
        raise click.UsageError("--limit is of questions that are made: leave it out with --queries and --suite.")
    if details is not None and not details.parent.is_dir():
        raise click.BadParameter(f"There is no folder {details.parent}.", param_hint="--details")
    from assistant.settings import AssistantSettings

    from .arms import choose_arms
    from .indexes import evaluation_settings, warm_up
    from .mined import OpenedMined, join_parts, open_mined
    from .report import to_markdown
    from .run import open_repository, open_suite
    from .summary import question_lines, summarise

    chosen = choose_arms(arms.split(","))
    settings = AssistantSettings()
    made: OpenedMined | None = None
    if repo is None:
        assert suite is not None and checkouts is not None
        opened = open_suite(suite, checkouts, settings, [name.strip() for name in only.split(",") if name.strip()])
    elif queries is not None:
        opened = [open_repository(repo, queries, settings)]
    else:
        made = open_mined(repo, settings, n_most=limit or MINED_OF_A_KIND, seed=seed)
        opened = list(made.parts)
    notes = [note for repository in opened for note in repository.source.notes]
    for note in dict.fromkeys([*notes, *(made.notes if made is not None else ())]):
        click.echo(f"note: {note}", err=True)
    kept = evaluation_settings(settings, home)
    warm_up(kept)
    outcomes = []
    for number, repository in enumerate(opened, 1):
        label = repository.repository.name + (f" ({repository.questions[0].category})" if made is not None else "")
        outcome = _evaluate(repository, label, chosen, kept, k, fresh)
        outcomes.append(outcome)
        click.echo(f"[{number}/{len(opened)}] {label}: {_describe(outcome, k)}", err=True)
    figures = summarise(outcomes if made is None else [join_parts(outcomes)], k=k, seed=seed)
    if made is not None:
        figures["mined"] = made.figures
    if details is not None:
        details.write_text("".join(json.dumps(line) + "\n" for line in question_lines(outcomes)))
    click.echo(json.dumps(figures, indent=1) if as_json else to_markdown(figures, k).rstrip())


def _evaluate(
    repository: OpenedRepository,
    label: str,
    arms: list[RetrievalArm],
    settings: IndexerSettings,
    k: int,
    fresh: bool,
) -> RepositoryOutcome:
    from .run import evaluate

    return evaluate(
        repository,
        arms,
        settings,
        k=k,
        fresh=fresh,
        on_note=lambda line: click.echo(f"{label}: {line}", err=True),
    )


def _describe(outcome: RepositoryOutcome, k: int) -> str:
    """What was done for one repository, on a line."""
    index, questions = outcome.arms[0].index, outcome.arms[0].questions
    mean = fmean(asked.measures[f"ndcg@{k}"] for asked in questions)
    made = "kept index, built" if index.is_kept else "indexed"
    return (
        f"{made} in {index.seconds:.2f} s ({index.n_files:,} files, {index.n_chunks:,} chunks); "
        f"{len(questions)} questions, {len(outcome.arms)} arms, nDCG@{k} {mean:.3f}"
    )
