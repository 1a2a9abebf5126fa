"""What a run needs before the first question: the repository's questions, its index, and the configuration."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from assistant.context import CONTEXT_VERSION
from assistant.grounding.grounder import GROUNDING_VERSION
from assistant.prompts import PROMPT_VERSION
from assistant.search import SEARCH_VERSION
from assistant.settings import AssistantSettings
from indexer.build import build_index
from indexer.home import RepositoryFolder
from indexer.progress import Progress
from indexer.repository import Source
from indexer.selection import decode, reason_by_content, reason_by_name

from .errors import HarvestError
from .harvest import HARVEST_VERSION, harvest_questions
from .records import Question, RunConfig
from .scoring import SCORING_VERSION

DEFAULT_N_QUESTIONS = 60  # half an hour with the smallest model on two cores
TASK = "questions"
_CONTEXT_TOKENS = 1600  # of every run that sets none, so that answers do not depend on how fast a machine reads


@dataclass(frozen=True, slots=True)
class PythonFiles:
    """``(path, text)`` of each Python file that is indexed, and a fingerprint of all listed files, Python or not."""

    files: Sequence[tuple[str, str]]
    content: str


def pin_context(settings: AssistantSettings) -> AssistantSettings:
    """The settings of a run: its budget of code is a number, not a time."""
    return settings.model_copy(update={"context_tokens": settings.context_tokens or _CONTEXT_TOKENS})


def read_python_files(source: Source, max_file_bytes: int) -> PythonFiles:
    """The Python files of ``source`` by the rules of the index: what is left out there is not asked about."""
    files = []
    listing = source.list_files(partial(reason_by_name, max_file_bytes=max_file_bytes)).files
    listing = sorted(listing, key=lambda file: file.path)
    for file in listing:
        if not file.path.endswith(".py"):
            continue
        decoded = decode(source.read(file))
        if decoded is not None and reason_by_content(file.path, decoded.text) is None:
            files.append((file.path, decoded.text))
    names = "\n".join(f"{file.blob} {file.path}" for file in listing)
    return PythonFiles(files, hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest()[:16])


def choose_questions(source: Source, python: PythonFiles, *, limit: int | None, seed: int) -> list[Question]:
    """The first ``limit`` questions, or as many of ``DEFAULT_N_QUESTIONS`` as there are. Raises HarvestError."""
    if not python.files:
        raise HarvestError(
            f"{source.origin} holds no Python files that are indexed: questions are made from Python so far, give "
            "another --repo."
        )
    questions = harvest_questions(python.files, seed)
    if not questions:
        raise HarvestError(
            f"No question with one certain answer can be made from the {len(python.files)} Python files of "
            f"{source.origin}: give a larger --repo."
        )
    if limit is not None and len(questions) < limit:
        raise HarvestError(
            f"Only {len(questions)} questions can be made from {source.origin}: ask for --limit {len(questions)} or "
            "fewer, or give a larger --repo."
        )
    return questions[: limit or DEFAULT_N_QUESTIONS]


def index_repository(
    source: Source,
    name: str,
    settings: AssistantSettings,
    on_progress: Callable[[Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> str:
    """Bring the index up to date with ``source``; returns what made it, for the configuration."""
    build_index(source, name, settings, on_progress=on_progress, on_note=on_note)
    info = RepositoryFolder(settings.home, name).read_info()
    assert info is not None  # the build has just written it
    return f"{info.encoder} {info.encoder_fingerprint[:12]}, chunker {info.chunker_version}"


def describe_run(
    source: Source,
    content: str,
    settings: AssistantSettings,
    *,
    repo: str,
    index: str,
    model: str,
    arms: Sequence[str],
    seed: int,
    n_questions: int,
    max_tokens: int,
) -> RunConfig:
    """The configuration of a run: what its answers depend on. ``settings`` are those of ``pin_context``."""
    assert settings.context_tokens is not None
    return RunConfig(
        task=TASK,
        repo=repo,
        commit=source.commit,
        ref=source.ref,
        content=content,
        model=model,
        arms=list(arms),
        seed=seed,
        n_questions=n_questions,
        max_tokens=max_tokens,
        context_tokens=settings.context_tokens,
        window_tokens=settings.window_tokens,
        index=index,
        quarry_version=version("quarry-code"),
        prompt_version=PROMPT_VERSION,
        harvest_version=HARVEST_VERSION,
        scoring_version=SCORING_VERSION,
        search_version=SEARCH_VERSION,
        context_version=CONTEXT_VERSION,
        min_confidence=settings.min_confidence,
        grounding_version=GROUNDING_VERSION,
    )


def default_folder(home: Path, config: RunConfig) -> Path:
    """The same folder for the same configuration, so that the same command goes on where it stopped."""
    digest = hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode()).hexdigest()[:8]
    model = re.sub(r"[^a-zA-Z0-9.]+", "-", config.model)
    return home / "evaluations" / f"{config.repo}-{config.task}-{model}-{digest}"
