"""The plan of the published results: docs/results.md says how much of it is done."""

from __future__ import annotations

from eval.datasets import DATASETS, STANDARD_SUITE

from .figures import MAIN_ARMS
from .progress import PlannedRuns

PUBLICATION = PlannedRuns(
    models=("embedded/qwen2.5-coder-1.5b", "embedded/qwen2.5-coder-0.5b"),
    tasks={"completion": 60, "repair": 60, "reasoning": 60, "questions": 150},
    repos=tuple(f"{each.name}-{each.version}" for each in DATASETS if each.name in STANDARD_SUITE),
    arms=MAIN_ARMS,
)
