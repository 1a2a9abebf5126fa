"""The folder of a run: config.json, questions.jsonl and answers.jsonl. Each answer is on disk before the next is asked.

The last line of a question and an arm counts, so an answer that had failed can be asked again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TextIO

from eval.tasks.questions.records import CitedLines, Question

from .errors import EvaluationError, RunMismatch, UnreadableRun
from .records import ArmAnswer, RetrievedPassage, RunConfig


class RunFolder:
    """Reads and writes one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._config, self._questions = path / "config.json", path / "questions.jsonl"
        self._answers = path / "answers.jsonl"

    def claim(self, config: RunConfig, questions: Sequence[Question]) -> None:
        """Make the folder, or take up the run in it. Raises RunMismatch if that run is another one."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not self._config.exists():
                if any(child.name != self._questions.name for child in self.path.iterdir()):
                    raise EvaluationError(f"{self.path} is not empty and holds no run: choose another --out.")
                lines = [json.dumps(asdict(question), ensure_ascii=False) for question in questions]
                self._questions.write_text("\n".join(lines) + "\n", "utf-8")
                # The configuration is written last: a folder that has one is complete.
                _replace(self._config, json.dumps(asdict(config), indent=1) + "\n")
                return
        except OSError as error:
            raise EvaluationError(
                f"Cannot write to {self.path}: {error.strerror or error}. Choose another folder with --out."
            ) from error
        before = asdict(self.read_config())
        now = json.loads(json.dumps(asdict(config)))
        changed = [f"{name} was {before[name]!r}, is {now[name]!r}" for name in now if before[name] != now[name]]
        if changed:
            raise RunMismatch(
                f"{self.path} holds a run with another configuration ({'; '.join(changed)}): choose another --out, or "
                "remove that folder."
            )

    def read_config(self) -> RunConfig:
        """The configuration of the run. Raises UnreadableRun if there is none."""
        try:
            return RunConfig(**json.loads(self._config.read_text("utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            raise UnreadableRun(
                f"{self.path} holds no evaluation: give the folder that `quarry eval run` printed."
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged(self._config) from error

    def read_questions(self) -> list[Question]:
        """The questions of the run, in the order in which they are asked."""
        try:
            return [Question(**{**line, "accepted": tuple(line["accepted"])}) for line in _read_lines(self._questions)]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise self._damaged(self._questions) from error

    def read_answers(self) -> list[ArmAnswer]:
        """The latest answer of each question and arm, in the order of the file. A torn last line is passed over."""
        if not self._answers.exists():
            return []
        try:
            answers = [_to_answer(line) for line in _read_lines(self._answers)]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise self._damaged(self._answers) from error
        latest = {(answer.question_id, answer.arm): answer for answer in answers}
        return list(latest.values())

    @contextmanager
    def appending(self) -> Iterator[AnswerWriter]:
        """Open answers.jsonl to append to; a line that a killed run left unfinished is cut off first."""
        try:
            _cut_torn_line(self._answers)
            file = self._answers.open("a", encoding="utf-8")
        except OSError as error:
            raise EvaluationError(f"Cannot write {self._answers}: {error.strerror or error}.") from error
        with file:
            yield AnswerWriter(file)

    def write(self, name: str, text: str) -> None:
        """Write one of the report's files, whole or not at all."""
        try:
            _replace(self.path / name, text)
        except OSError as error:
            raise EvaluationError(f"Cannot write {self.path / name}: {error.strerror or error}.") from error

    def _damaged(self, file: Path) -> UnreadableRun:
        return UnreadableRun(f"{file} is missing or damaged: remove {self.path} and run the evaluation again.")


class AnswerWriter:
    """Appends answers, each flushed to disk at once."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def add(self, answer: ArmAnswer) -> None:
        """Write one answer and wait until it is on the disk."""
        try:
            self._file.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise EvaluationError(
                f"Cannot write {self._file.name}: {error.strerror or error}. Make room, then run the command again."
            ) from error


def _to_answer(line: dict[str, Any]) -> ArmAnswer:
    known = {field.name for field in fields(ArmAnswer)}
    passages = [RetrievedPassage(**passage) for passage in line.pop("passages")]
    citations = [CitedLines(**citation) for citation in line.pop("citations", ())]
    return ArmAnswer(
        passages=passages, citations=citations, **{name: value for name, value in line.items() if name in known}
    )


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    # Only "\n" ends a line: JSON may hold the other characters that splitlines() splits at.
    for line in path.read_bytes().split(b"\n")[:-1]:
        yield json.loads(line)


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
