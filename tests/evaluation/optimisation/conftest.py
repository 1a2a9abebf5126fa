"""A scorer that runs answers in a plain process, without measuring times."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.sandbox import open_sandbox
from eval.tasks.optimisation.scoring import OptimisationScorer


@pytest.fixture
def scorer(tmp_path: Path) -> OptimisationScorer:
    """Runs answers without a sandbox: they are ours."""
    return OptimisationScorer(open_sandbox(unsafe=True), tmp_path, timed=False)
