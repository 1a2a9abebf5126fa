"""Indexing in the background, without a service around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.jobs import JobQueue
from api.schemas.repos import IndexRequest, Job
from indexer.index_folder import RepositoryFolder
from indexer.manifest import list_refs
from indexer.settings import IndexerSettings

Make = Callable[..., Any]


def run_job(home: Path, request: IndexRequest) -> Job:
    """Have a queue of its own do one job, and give it as it ended."""
    jobs = JobQueue(IndexerSettings(home=home))
    job = jobs.submit(request)
    deadline = time.monotonic() + 60
    while job.state in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.05)
        job = jobs.get(job.id) or job
    jobs.close()
    return job


def test_a_job_drops_no_ref(make_repo: Make, own_home: Path, build: Make) -> None:
    """A ref that the repository has lost may have been kept on the command line."""
    repo = make_repo({"a.py": "def alpha(): pass\n"})
    repo.git("branch", "side")
    build(own_home, repo.path, ref="side")
    repo.git("branch", "--delete", "side")
    job = run_job(own_home, IndexRequest(source=str(repo.path)))
    assert (job.state, job.error) == ("done", None)
    assert sorted(list_refs(RepositoryFolder(own_home, "project").refs)) == ["HEAD", "side"]
