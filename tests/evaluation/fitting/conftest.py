"""A repository with a history of its own, and a list of sources that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from eval.fitting.mining import MinedRepository, MiningSource
from indexer.settings import IndexerSettings

Mine = Callable[[Any], MinedRepository]
CommitAs = Callable[..., str]


@pytest.fixture
def commit_as() -> CommitAs:
    """Write files into a repository and commit them with a message."""

    def commit(repo: Any, message: str, files: Mapping[str, str]) -> str:
        for path, text in files.items():
            repo.write(path, text)
        repo.git("add", "--all")
        repo.git("commit", "--quiet", "--message", message)
        return str(repo.git("rev-parse", "HEAD"))

    return commit


@pytest.fixture
def opened(tmp_path: Path) -> Mine:
    """Open a made-up repository as a source of questions."""

    def run(repo: Any) -> MinedRepository:
        return MinedRepository(MiningSource(str(repo.path), "garden"), IndexerSettings(home=tmp_path / "home"))

    return run
