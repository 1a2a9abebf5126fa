"""The folder of a run: run.json, cases/<repo>/<task>.jsonl and logs/*.eval.

Another start may add arms, tasks and repositories; whatever else decides an answer has to be the same. What decides
verdicts may change: answers are kept, so they are scored again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import filelock

from eval.cases import Case, Span
from eval.errors import EvaluationError, RunMismatch, UnreadableRun
from eval.files import read_journal, read_record, write_whole

from .records import FORMAT_VERSION, RepoSetup, RunSetup, Start, TaskSetup

_COMPARED = (
    "model",
    "model_identity",
    "seed",
    "limit",
    "context_tokens",
    "window_tokens",
    "max_tokens",
    "decisive",
    "temperature",
    "n_samples",
)
# Of a task: none of them makes other cases, or other ones than ``cases`` would tell of.
_NOT_COMPARED = ("notes", "version", "scoring", "packages", "limit", "n_unanswerable", "n_without_sources")
_LOCK_SECONDS = 30.0


class RunFolder:
    """Reads and writes one run. Two processes may run different tasks into it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self._record = path / "run.json"
        self._lock = path / ".lock"

    def claim(self, setup: RunSetup) -> RunSetup:
        """Make the folder, or take up the run in it; returns the whole set-up. Raises RunMismatch for another run."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            # A start that was killed at once leaves the lock, an empty folder of logs and a part of the record.
            parts = set(self.path.glob(f"{self._record.name}.*.part"))
            others = set(self.path.iterdir()) - {self._lock, self.logs} - parts
            if not self._record.exists() and (others or any(self.logs.iterdir())):
                raise EvaluationError(f"{self.path} is not empty and holds no run: choose another --out.")
        except OSError as error:
            raise self._unwritable(error) from error
        return self._update(lambda before: setup if before is None else _merge(self.path, before, setup))

    def add_task(self, task: TaskSetup, cases: Sequence[Case]) -> TaskSetup | None:
        """Record a task on a repository, with its cases. Raises RunMismatch if it was recorded with others.

        Only what their scorer needs may be other than it was. Returns what was recorded before if answers were scored
        otherwise: those verdicts count no more.
        """
        superseded: list[TaskSetup] = []

        def add(before: RunSetup | None) -> RunSetup:
            assert before is not None  # claimed before
            known = _find_task(before, task.repo, task.task)
            if known is not None:
                asked = known.cases if known.cases != task.cases and self._asks(task, cases) else task.cases
                where = f"{task.task} on {task.repo}: "
                _compare(self.path, where, _of_task(known), _of_task(replace(task, cases=asked)))
                if (known.scored_by, known.cases) == (task.scored_by, task.cases):
                    return before
                if known.scored_by != task.scored_by:
                    superseded.append(known)
            if known is None or known.cases != task.cases:
                lines = (json.dumps(asdict(case), ensure_ascii=False) + "\n" for case in cases)
                write_whole(self.cases_path(task.repo, task.task), "".join(lines))
            tasks = [task if each is known else each for each in before.tasks]
            return replace(before, tasks=tasks if known is not None else [*tasks, task])

        self._update(add)
        return next(iter(superseded), None)

    def find_task(self, repo: str, task: str) -> TaskSetup | None:
        """What is recorded of a task on a repository."""
        return _find_task(self.read_setup(), repo, task)

    def _asks(self, task: TaskSetup, cases: Sequence[Case]) -> bool:
        """Whether the cases are those that the folder holds, but for what their scorer needs."""
        known = self.read_cases(task.repo, task.task)
        return [replace(case, data={}) for case in known] == [replace(case, data={}) for case in cases]

    def cases_path(self, repo: str, task: str) -> Path:
        """Where the cases of a task on a repository are."""
        return self.path / "cases" / repo / f"{task}.jsonl"

    def read_setup(self) -> RunSetup:
        """The set-up of the run. Raises UnreadableRun if there is none, or one of another version."""
        setup = self._read()
        if setup is None:
            raise UnreadableRun(
                f"{self.path} holds no evaluation: give the folder that `quarry eval run` printed."
            ) from None
        return setup

    def read_cases(self, repo: str, task: str) -> list[Case]:
        """The cases of a task on a repository, in the order in which they are asked. Raises UnreadableRun."""
        path = self.cases_path(repo, task)
        try:
            return [
                read_record(Case, kept, sources=[Span(**span) for span in kept["sources"]])
                for kept in read_journal(path)
            ]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise self._damaged(path) from error

    def _read(self) -> RunSetup | None:
        try:
            fields = json.loads(self._record.read_text("utf-8", "surrogatepass"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise self._damaged(self._record) from error
        if not isinstance(fields, dict) or fields.get("format_version") != FORMAT_VERSION:
            raise UnreadableRun(
                f"{self._record} was written by another version of Quarry: this one reads format {FORMAT_VERSION}. Run "
                "the evaluation again into another --out."
            )
        try:
            return to_setup(fields)
        except (TypeError, KeyError) as error:
            raise self._damaged(self._record) from error

    def _update(self, change: Callable[[RunSetup | None], RunSetup]) -> RunSetup:
        try:
            with filelock.FileLock(self._lock, timeout=_LOCK_SECONDS):
                setup = change(self._read())
                write_whole(self._record, json.dumps(asdict(setup), indent=1, ensure_ascii=False) + "\n")
                return setup
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> EvaluationError:
        return EvaluationError(
            f"Cannot write to {self.path}: {error.strerror or error}. Choose another folder with --out."
        )

    def _damaged(self, file: Path) -> UnreadableRun:
        return UnreadableRun(
            f"{file} is missing or damaged. Move {self.path} away, which keeps its logs, and run the same command "
            "again: it makes the folder anew from the answers that are kept."
        )


def to_setup(fields: Mapping[str, Any]) -> RunSetup:
    """The set-up from what was stored. Fields that are not known are passed over."""
    parts = {
        name: [read_record(record, each) for each in fields[name]]
        for name, record in (("repos", RepoSetup), ("tasks", TaskSetup), ("starts", Start))
    }
    return read_record(RunSetup, fields, **parts)


def fingerprint_cases(cases: Sequence[Case]) -> str:
    """Changes with all of the cases that decides prompts and verdicts."""
    decisive = json.dumps([case.decisive() for case in cases], sort_keys=True)
    return hashlib.sha256(decisive.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def default_folder(home: Path, setup: RunSetup) -> Path:
    """The same folder for the same configuration, so that the same command goes on where it stopped."""
    decisive = {name: value for name, value in asdict(setup).items() if name in (*_COMPARED, "repos")}
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:8]
    model = re.sub(r"[^a-zA-Z0-9.]+", "-", setup.model)
    repos = "-".join(repo.name for repo in setup.repos[:3]) or "own"
    return home / "evaluations" / "runs" / f"{repos}-{model}-{digest}"


def _find_task(setup: RunSetup, repo: str, task: str) -> TaskSetup | None:
    return next((each for each in setup.tasks if (each.repo, each.task) == (repo, task)), None)


def _merge(path: Path, before: RunSetup, now: RunSetup) -> RunSetup:
    _compare(path, "", _decisive(before), _decisive(now))
    known = {repo.name: repo for repo in before.repos}
    for repo in now.repos:
        if repo.name in known:
            _compare(path, f"{repo.name}: ", _content(known[repo.name]), _content(repo))
        known[repo.name] = known.get(repo.name, repo)
    return replace(before, repos=list(known.values()), starts=[*before.starts, *now.starts])


def _compare(path: Path, where: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise RunMismatch with what is different. Mappings are compared by their parts."""
    changed = list(_differences(before, now))
    if changed:
        raise RunMismatch(
            f"{path} holds a run with another configuration ({where}{'; '.join(changed)}): choose another --out. "
            "Answers that were kept serve there too."
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name in dict.fromkeys([*before, *now]):
        one, other = before.get(name), now.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found += _differences(one, other, f"{prefix}{name}.")
        elif one != other:
            found.append(f"{prefix}{name} was {one!r}, is {other!r}")
    return found


def _decisive(setup: RunSetup) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(json.dumps(asdict(setup)))
    return {name: fields[name] for name in _COMPARED}


def _content(repo: RepoSetup) -> dict[str, Any]:
    return {"commit": repo.commit, "content": repo.content}


def _of_task(task: TaskSetup) -> dict[str, Any]:
    return {name: value for name, value in asdict(task).items() if name not in _NOT_COMPARED}
