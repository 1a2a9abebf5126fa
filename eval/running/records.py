"""What a run folder says of itself. Stored as run.json with these field names: a field is added, never renamed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FORMAT_VERSION = 1  # of run.json, of the case files and of what is kept in each sample
BUILT_IN = "built-in"  # stands for the repository of a task that needs none
WEIGHTS = "weights"  # in a hosted model's identity: that they are not pinned
# Of code in a prompt: ten seconds of reading for the 1.5B model on two cores. Users get as many as their machine reads
# in time; here every machine asks the same.
DEFAULT_CONTEXT_TOKENS = 800


@dataclass(frozen=True, slots=True)
class RepoSetup:
    """A repository that was evaluated on. ``content`` fingerprints its files; ``commit`` is None without git."""

    name: str
    origin: str
    ref: str
    commit: str | None
    content: str


@dataclass(frozen=True, slots=True)
class TaskSetup:
    """One task on one repository. ``index`` fingerprints what is indexed.

    ``cases`` fingerprints the cases; ``notes`` are the harvest's, such as what was left out and why. ``scoring`` is
    what decides a verdict beside the answer: the fingerprint of the code, the grammars' releases, and where answers
    are run the sandbox, the interpreter, a fingerprint of its ``packages`` and of all the repository's files. It is
    empty in runs from before it was recorded. ``n_unanswerable`` of the cases have no answer in the code, and
    ``n_without_sources`` of the others no code that an oracle could give: counted where a run is read, None before.
    """

    repo: str
    task: str
    version: int
    limit: int
    n_cases: int
    max_tokens: int
    cases: str
    index: str
    notes: Sequence[str] = ()
    scoring: Mapping[str, str] = field(default_factory=dict)
    packages: Sequence[str] = ()
    n_unanswerable: int | None = None
    n_without_sources: int | None = None

    @property
    def scored_by(self) -> str:
        """One name for all that decides verdicts, which logs carry too; empty where that is not known."""
        decisive = json.dumps([self.version, dict(self.scoring)], sort_keys=True)
        return hashlib.sha256(decisive.encode()).hexdigest()[:16] if self.scoring else ""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a run; a run that goes on has several. ``quarry_commit`` is empty where it is not known."""

    started_at: str
    arms: Sequence[str]
    tasks: Sequence[str]
    quarry_version: str
    quarry_commit: str
    sandbox: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RunSetup:
    """The whole set-up of a run folder.

    ``model_identity`` is what decides the model's answers beside its name: the file's checksum or the server's
    digest, engine and its options; of a hosted model the package that asks it, and ``WEIGHTS``. ``decisive`` holds the
    versions of what makes prompts. Two starts may share a folder only if these, the numbers and the repositories'
    contents are equal; arms, tasks and repositories may be added.
    ``extra`` holds nothing: it is a part of format 1.
    """

    model: str
    model_identity: Mapping[str, Any]
    seed: int
    context_tokens: int
    window_tokens: int
    max_tokens: int | None
    limit: int | None
    decisive: Mapping[str, Any]
    temperature: float = 0.0
    n_samples: int = 1
    repos: Sequence[RepoSetup] = ()
    tasks: Sequence[TaskSetup] = ()
    starts: Sequence[Start] = ()
    format_version: int = FORMAT_VERSION
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arms(self) -> list[str]:
        """All arms of all starts, in the order in which they came in."""
        return list(dict.fromkeys(arm for start in self.starts for arm in start.arms))
