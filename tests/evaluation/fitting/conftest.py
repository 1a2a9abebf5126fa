"""Opens a made-up repository as the fit does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.fitting.mining import FittingRepository, MiningSource
from indexer.settings import IndexerSettings

Mine = Callable[[Any], FittingRepository]


@pytest.fixture
def opened(tmp_path: Path) -> Mine:
    """Open a made-up repository as a source of questions."""

    def run(repo: Any) -> FittingRepository:
        return FittingRepository(MiningSource(str(repo.path), "garden"), IndexerSettings(home=tmp_path / "home"))

    return run
