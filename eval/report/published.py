"""What was published, written and read again: the figures, and beside them what became of each case.

``NAME.json`` is the report, ``NAME-cases.jsonl`` a line for each case and arm: verdict, reason, tokens and seconds, and
nothing of what was asked and answered, since that holds the repository's code. So that who has no folder of the runs
can compute every figure again, and add runs of their own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.cases import (
    FOLLOW_UP_ERROR,
    N_KILLED,
    N_MUTANTS,
    PLACEBO_PASS,
    PLACEBO_TARGET,
    Attempt,
    Result,
    Score,
)
from eval.errors import UnreadableRun
from eval.files import read_journal, write_whole
from eval.running.logs import to_result
from eval.tasks import FACTS

from .records import Report, to_json
from .splits import NAMED_KEY
from .trust import CITATIONS_KEY, REMOVED_KEY
from .wording import name_reason

_NUMBERS = (N_MUTANTS, N_KILLED, PLACEBO_PASS, PLACEBO_TARGET, NAMED_KEY, REMOVED_KEY)  # of Result.extra


@dataclass(frozen=True, slots=True)
class Publication:
    """A report that was published, and the results behind those of its groups whose cases were published too."""

    report: Report
    results: Sequence[Result]


def write_publication(folder: Path, report: Report, results: Sequence[Result]) -> Path:
    """Write both files into ``folder`` and return the report's; without results no cases. Raises OSError."""
    path = folder / f"{report.name}.json"
    write_whole(path, to_json(report))
    if results:
        lines = (json.dumps(asdict(without_texts(result)), ensure_ascii=False) + "\n" for result in results)
        write_whole(cases_path(path), "".join(lines))
    return path


def read_publication(path: Path) -> Publication:
    """A report as JSON and the cases beside it; without such a file, none. Raises UnreadableRun."""
    try:
        report = TypeAdapter(Report).validate_json(path.read_bytes())
        beside = cases_path(path)
        results = [to_result(fields) for fields in read_journal(beside)] if beside.exists() else []
    except OSError as error:
        raise UnreadableRun(f"Cannot read {error.filename}: {error.strerror or error}.") from error
    except (ValidationError, ValueError, TypeError, KeyError) as error:
        raise UnreadableRun(
            f"{path} and the cases beside it are no results that this version of Quarry can read: publish them anew "
            "from the folders of the runs."
        ) from error
    return Publication(report, results)


def cases_path(path: Path) -> Path:
    """Where the cases of a published report are."""
    return path.with_name(f"{path.stem}-cases.jsonl")


def without_texts(result: Result) -> Result:
    """All of a result that figures are computed from, and no text of a prompt, an answer, a test or an expected value.

    Of an explanation its reason is left, as reports count it; what passages were shown is left out.
    """
    return replace(
        result,
        score=_bare(result.score, result.task),
        attempts=[_bare_attempt(attempt, result.task) for attempt in result.attempts],
        passages=[],
        extra=_bare_extra(result.extra),
    )


def _bare(score: Score, task: str) -> Score:
    """A wrong answer to a question of fact has no reason but the value that was expected."""
    is_telling = score.verdict in ("error", "unanswered") or (score.verdict == "wrong" and task not in FACTS)
    return replace(score, explanation=name_reason(score.explanation) if is_telling else "", normalised="")


def _bare_attempt(attempt: Attempt, task: str) -> Attempt:
    return replace(attempt, messages=[], text="", score=_bare(attempt.score, task))


def _bare_extra(extra: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {name: extra[name] for name in _NUMBERS if name in extra}
    if FOLLOW_UP_ERROR in extra:
        kept[FOLLOW_UP_ERROR] = name_reason(str(extra[FOLLOW_UP_ERROR]))
    if "samples" in extra:
        kept["samples"] = [{"verdict": each["verdict"]} for each in extra["samples"]]
    if CITATIONS_KEY in extra:
        judged = ("on_answer", "holds_answer")
        kept[CITATIONS_KEY] = [{name: each[name] for name in judged if name in each} for each in extra[CITATIONS_KEY]]
    return kept
