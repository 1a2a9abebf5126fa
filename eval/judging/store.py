"""Judgements on disk: DIR/judging/<judge>.jsonl, a line each, written at once; a torn last line is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from eval.errors import EvaluationError, UnreadableRun
from eval.files import add_to_journal, open_journal, read_journal, read_record

from .records import Judgement, Reply

_FOLDER = "judging"


def judging_file(folder: Path, judge: str) -> Path:
    """Where a judge's judgements of a run are."""
    return folder / _FOLDER / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', judge)}.jsonl"


def read_judgements(folder: Path) -> list[Judgement]:
    """All judgements of a run, the latest of each pair. Raises UnreadableRun for a damaged file."""
    latest: dict[tuple[str, ...], Judgement] = {}
    for path in sorted((folder / _FOLDER).glob("*.jsonl")):
        for judgement in _read_file(path):
            latest[pair_key(judgement)] = judgement
    return list(latest.values())


def pair_key(judgement: Judgement) -> tuple[str, ...]:
    """What makes a judgement the same: judge, rubric, the case, the arms, and the two answers."""
    place = (judgement.model, judgement.repo, judgement.task, judgement.case_id, judgement.arm, judgement.baseline)
    return (judgement.judge, judgement.rubric, *place, judgement.answers)


class JudgementWriter:
    """Appends judgements, each on the disk before the next is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            open_journal(path)
        except OSError as error:
            raise self._unwritable(error) from error

    def add(self, judgement: Judgement) -> None:
        """Write one. Raises EvaluationError where that cannot be done."""
        try:
            add_to_journal(self._path, asdict(judgement))
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> EvaluationError:
        return EvaluationError(f"Cannot write {self._path}: {error.strerror or error}. Make room, then run it again.")


def _read_file(path: Path) -> Iterator[Judgement]:
    try:
        for kept in read_journal(path):
            replies = {name: read_record(Reply, kept[name]) for name in ("forward", "backward")}
            yield read_record(Judgement, kept, **replies)
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableRun(f"{path} is damaged: remove it and judge again.") from error
