"""The indexed repositories: list them, index one in the background, remove one; and the jobs that do it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException, Response

from indexer.home import remove_repository
from indexer.overview import describe_repositories

from ..callers import CurrentCaller
from ..problems import problem_responses
from ..schemas.repos import IndexRequest, Job, Repository
from ..state import State

router = APIRouter(tags=["repositories"])


@router.get("/repos", response_model=list[Repository])
def list_repos(state: State, caller: CurrentCaller) -> list[dict[str, Any]]:
    """All indexed repositories with their refs."""
    known = describe_repositories(state.settings.home)
    return [asdict(repository) for repository in known if caller.may_see(repository.name)]


@router.post("/repos", status_code=202, responses=problem_responses(403, 422))
def index_repo(state: State, caller: CurrentCaller, request: IndexRequest, response: Response) -> Job:
    """Index a repository in the background. Ask for the job to see how far it is."""
    caller.require_all()
    job = state.jobs.submit(request, caller.name)
    response.headers["Location"] = f"/jobs/{job.id}"
    return job


@router.delete("/repos/{name}", status_code=204, responses=problem_responses(403, 404, 409, 422))
def remove_repo(state: State, caller: CurrentCaller, name: str) -> None:
    """Remove an index. The repository itself is not touched."""
    caller.require(name)
    caller.require_all()
    remove_repository(state.settings.home, name, wait_seconds=0)


@router.get("/jobs/{job_id}", responses=problem_responses(404, 422))
def get_job(state: State, caller: CurrentCaller, job_id: str) -> Job:
    """An indexing job as it is now."""
    job = state.jobs.get(job_id, caller.name)
    if job is None:
        raise HTTPException(404, f"No job {job_id!r}: jobs are forgotten when the service is started again.")
    return job
