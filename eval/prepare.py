"""The configuration of a run, and the folder that is kept for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from assistant.context import CONTEXT_VERSION
from assistant.grounding.grounder import GROUNDING_VERSION
from assistant.prompts import PROMPT_VERSION
from assistant.search import SEARCH_VERSION
from assistant.settings import AssistantSettings
from eval.tasks.questions.harvest import HARVEST_VERSION
from eval.tasks.questions.scoring import SCORING_VERSION
from indexer.repository import Source

from .records import RunConfig

TASK = "questions"


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
