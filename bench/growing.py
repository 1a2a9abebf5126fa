"""One build, watched: chunks on disk by seconds. A process of its own, so that its memory is its own.

python -m bench.growing SOURCE NAME     prints what it measured as JSON; QUARRY_HOME says where
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from indexer.build import build_index
from indexer.index_folder import RepositoryFolder
from indexer.matrix import count_rows
from indexer.progress import Progress
from indexer.repository import open_source
from indexer.settings import IndexerSettings

_DIM = 256  # of the built-in encoder


def measure_growth(source: str, name: str) -> dict[str, Any]:
    """Build the index ``name`` from nothing. ``points``: chunks whose every part is on disk, and seconds until then.

    What is read but not stored yet does not count, so the writer's queues flatter no point.
    """
    settings = IndexerSettings()
    matrix = RepositoryFolder(settings.home, name).matrix
    points: list[tuple[int, float]] = [(0, 0.0)]
    started = time.perf_counter()

    def look(_: Progress) -> None:
        n_rows = count_rows(matrix, _DIM)
        if n_rows > points[-1][0]:
            points.append((n_rows, round(time.perf_counter() - started, 3)))

    report = build_index(open_source(source, clones=settings.home / "clones"), name, settings, on_progress=look)
    seconds = time.perf_counter() - started
    points.append((report.n_chunks, round(seconds, 3)))
    return {"n_files": report.n_files, "n_chunks": report.n_chunks, "seconds": round(seconds, 3), "points": points}


if __name__ == "__main__":
    json.dump(measure_growth(sys.argv[1], sys.argv[2]), sys.stdout)
