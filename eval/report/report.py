"""From run folders to a report: read, put together, written as a page and a JSON; and two folders compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eval.cases import Result
from eval.errors import EvaluationError
from eval.files import write_whole
from eval.judging.figures import summarise_judgements
from eval.judging.judge import match_judgements
from eval.judging.store import read_judgements

from .build import build_report
from .carried import carry
from .compare import Comparison, compare_runs
from .page import render_page
from .progress import PlannedRuns
from .published import read_publication
from .reading import Runs, read_runs
from .records import Report, to_json

REPORTS = "reports"  # the folder of a run's reports


@dataclass(frozen=True, slots=True)
class ReportPaths:
    """Where a report was written, and what it says."""

    html: Path
    json: Path
    report: Report


def write_report(folders: Sequence[Path], out: Path | None = None) -> ReportPaths:
    """Compute the figures of the runs in ``folders`` anew and write page and JSON into ``out``.

    By default that is ``reports`` in the first folder. Both are named by Quarry's commit at the latest start of a run
    and by the time now.
    Raises UnreadableRun, RunMismatch, and EvaluationError where nothing can be written.
    """
    report, results = make_report(folders)
    target = out or folders[0] / REPORTS
    paths = ReportPaths(target / f"{report.name}.html", target / f"{report.name}.json", report)
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_whole(paths.json, to_json(report))
        write_whole(paths.html, render_page(report, results))
    except OSError as error:
        raise EvaluationError(f"Cannot write {target}: {error.strerror or error}. Choose another folder.") from error
    return paths


def make_report(
    folders: Sequence[Path], plan: PlannedRuns | None = None, earlier: Path | None = None
) -> tuple[Report, Sequence[Result]]:
    """The report of the runs in ``folders`` and the results behind it; beside a ``plan`` what is missing of that.

    ``earlier`` is the JSON of a report that was published: its cases count as those of runs, and where they were not
    published its figures are taken over.
    Raises UnreadableRun and RunMismatch.
    """
    if not folders and earlier is None:
        raise EvaluationError("No run is named: give one or more folders that `quarry eval run` wrote.")
    published = read_publication(earlier) if earlier is not None else None
    runs = read_runs(folders, published)
    carried = carry(published.report, runs.list_arms()) if published is not None else None
    judgements = [judgement for folder in folders for judgement in read_judgements(folder)]
    now = datetime.now(UTC)
    commit = runs.commit or (carried.commit if carried is not None else "")
    report = build_report(
        runs.setups,
        runs.results,
        summarise_judgements(match_judgements(judgements, runs.results)),
        name=f"{_short(commit)}-{now:%Y%m%dT%H%M%S}",
        made_at=f"{now:%Y-%m-%d %H:%M:%S} UTC",
        commit=commit,
        seed=runs.seed,
        plan=plan,
        carried=carried,
    )
    return report, runs.results


def compare_folders(first: Path, second: Path) -> Comparison:
    """Two runs of one model each, on the cases and arms that they share. Raises UnreadableRun and RunMismatch."""
    before, after = read_runs([first]), read_runs([second])
    return compare_runs(before, after, (_name(first, before), _name(second, after)), before.seed)


def _short(commit: str) -> str:
    """A commit for a file's name; one with changes, which ends in "+", says so."""
    return (commit[:7] or "unknown") + ("-changed" if commit.endswith("+") else "")


def _name(folder: Path, runs: Runs) -> str:
    models = dict.fromkeys(result.model for result in runs.results)
    return f"{folder} ({', '.join(models)})" if models else str(folder)
