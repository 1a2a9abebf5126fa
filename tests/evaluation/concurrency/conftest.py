"""A scorer that runs programs in a plain process."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.sandbox import open_sandbox
from eval.tasks.concurrency.scoring import ConcurrencyScorer


@pytest.fixture
def scorer(tmp_path: Path) -> ConcurrencyScorer:
    """Runs programs without a sandbox: they are ours."""
    return ConcurrencyScorer(open_sandbox(unsafe=True), tmp_path)
