"""Judgements on disk: DIR/judging/<judge>.jsonl, a line each, written at once; a torn last line is cut off."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError, UnreadableRun

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
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not (content := path.read_bytes()).endswith(b"\n"):
                os.truncate(path, content.rfind(b"\n") + 1)
        except OSError as error:
            raise self._unwritable(error) from error

    def add(self, judgement: Judgement) -> None:
        """Write one. Raises EvaluationError where that cannot be done."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(judgement), ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> EvaluationError:
        return EvaluationError(f"Cannot write {self._path}: {error.strerror or error}. Make room, then run it again.")


def _read_file(path: Path) -> Iterator[Judgement]:
    # Only "\n" ends a line: JSON may hold the other characters that splitlines() splits at.
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            yield _to_judgement(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise UnreadableRun(f"{path} is damaged: remove it and judge again.") from error


def _to_judgement(fields: dict[str, Any]) -> Judgement:
    replies = {name: Reply(**_known(Reply, fields[name])) for name in ("forward", "backward")}
    return Judgement(**(_known(Judgement, fields) | replies))


def _known(record: Any, fields: dict[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in record.__dataclass_fields__ if name in fields}
