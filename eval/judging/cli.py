"""``quarry eval judge``: a model judges the answers of a run, and its agreement with execution is printed."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--by", required=True, metavar="PROVIDER/NAME", help="The model that judges.")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="Pairs of answers to judge.")
@click.option("--arm", default="retrieval", show_default=True, help="The arm whose answers are judged.")
@click.option("--against", "baseline", default="none", show_default=True, help="The arm that they are set against.")
@click.option("--task", help="Only answers of this task.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def judge(folder: Path, by: str, limit: int, arm: str, baseline: str, task: str | None, as_json: bool) -> None:
    """Have a model judge answers of the run in FOLDER, blind to the arm. Stopped anywhere, the same command goes on."""
    import asyncio
    import json
    from dataclasses import asdict

    from assistant.settings import AssistantSettings
    from eval.report.text import judges_table
    from eval.running.logs import read_run

    from .figures import summarise_judgements
    from .graders import open_grader
    from .judge import choose_pairs, describe_failures, judge_pairs
    from .store import judging_file

    _, results = read_run(folder)
    pairs = choose_pairs([each for each in results if task in (None, each.task)], arm, baseline, limit)
    grader = open_grader(AssistantSettings(), by)

    def show(done: int, n: int) -> None:
        click.echo(f"judged {done}/{n} pairs", err=True)

    try:
        judged = asyncio.run(judge_pairs(folder, pairs, grader, show))
    except KeyboardInterrupt:
        click.echo("Stopped. What was judged is kept: the same command goes on.", err=True)
        raise click.Abort from None
    finally:
        grader.close()
    figures = summarise_judgements(judged.judgements, [each.group for each in judged.failures])
    click.echo(json.dumps([asdict(each) for each in figures], indent=1) if as_json else judges_table(figures))
    if judged.failures:
        click.echo(describe_failures(judged.failures, len(pairs)), err=True)
    click.echo(f"every reply: {judging_file(folder, grader.model)}", err=True)
