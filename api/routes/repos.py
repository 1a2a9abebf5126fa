"""The indexed repositories: list them, index one in the background, remove one; and the jobs that do it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException, Response

from indexer.home import remove_repository
from indexer.overview import describe_repositories

from ..problems import problem_responses
from ..schemas import IndexRequest, Job, Repository
from ..state import State

router = APIRouter(tags=["repositories"])


@router.get("/repos", response_model=list[Repository])
def list_repos(state: State) -> list[dict[str, Any]]:
    """All indexed repositories with their refs."""
    return [asdict(repository) for repository in describe_repositories(state.settings.home)]


@router.post("/repos", status_code=202, responses=problem_responses(422))
def index_repo(state: State, request: IndexRequest, response: Response) -> Job:
    """Index a repository in the background. Ask for the job to see how far it is."""
    job = state.jobs.submit(request)
    response.headers["Location"] = f"/jobs/{job.id}"
    return job


@router.delete("/repos/{name}", status_code=204, responses=problem_responses(404, 409, 422))
def remove_repo(state: State, name: str) -> None:
    """Remove an index. The repository itself is not touched."""
    remove_repository(state.settings.home, name, wait_seconds=0)


@router.get("/jobs/{job_id}", responses=problem_responses(404, 422))
def get_job(state: State, job_id: str) -> Job:
    """An indexing job as it is now."""
    job = state.jobs.get(job_id)
    if job is None:
        raise HTTPException(404, f"No job {job_id!r}: jobs are forgotten when the service is started again.")
    return job
