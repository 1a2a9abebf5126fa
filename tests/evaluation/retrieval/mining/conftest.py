"""Opens a made-up repository as a source of questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.retrieval.mining.repository import MinedRepository
from indexer.repository import open_source

Mine = Callable[[Any], MinedRepository]


@pytest.fixture
def opened(tmp_path: Path) -> Mine:
    """Open a made-up repository as a source of questions."""

    def run(repo: Any) -> MinedRepository:
        return MinedRepository(open_source(str(repo.path), clones=tmp_path / "clones"), "garden", 1_000_000)

    return run
