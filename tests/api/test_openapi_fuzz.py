"""Schemathesis over the whole OpenAPI description: whatever fits it, or just does not, is no server error.

A few cases an operation here, the same in every run. Many more, of other kinds in each run:

    FUZZ_CASES=300 FUZZ_SEED=random .venv/bin/python -m pytest -s --timeout 0 tests/api/test_openapi_fuzz.py
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy, one_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from api.app import create_app
from api.jobs import JobQueue
from api.settings import ApiSettings
from indexer.build import build_index
from indexer.embedding import BUILT_IN
from indexer.repository import open_source

N_CASES = int(os.environ.get("FUZZ_CASES", "6"))  # of each operation
IS_RANDOM = os.environ.get("FUZZ_SEED") == "random"


class IdleJobs(JobQueue):
    """Takes jobs and does none: a path that was made up may be the whole disk."""

    def _run(self, job_id: str, *_: Any) -> None:
        self._update(job_id, state="failed", error="nothing is indexed in this test")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, shop: Path, stand_in: Callable[..., Any]) -> FastAPI:
    """A service over an index of its own, which may be removed, with a model that says two words."""
    home = tmp_path_factory.mktemp("home")
    chosen = ApiSettings(home=home, model_slots=4)
    build_index(open_source(str(shop), clones=home / "clones"), "shop", chosen)
    app = create_app(chosen, stand_in(model="stand-in/qwen2.5-coder"))
    app.state.quarry.jobs.close()
    app.state.quarry.jobs = IdleJobs(chosen)
    return app


@pytest.fixture(scope="module")
def schema(app: FastAPI, running_app: Callable[..., Any]) -> Iterator[Any]:
    """The description that the service gives of itself."""
    with running_app(app) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


def test_no_request_is_a_server_error(app: FastAPI, schema: Any) -> None:
    """Requests that fit the description, and such that nearly do, get an answer or are told what is wrong."""
    tally: dict[str, int] = {}
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in operations:
        _check(operation, one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode]), tally)
    print(f"{sum(tally.values())} requests to {len(tally)} operations")
    described = app.openapi()["paths"]
    assert len(tally) == sum(len(methods) for methods in described.values())
    assert min(tally.values()) >= 1 and sum(tally.values()) >= N_CASES * len(tally) / 2


def _check(operation: Any, cases: SearchStrategy[Any], tally: dict[str, int]) -> None:
    """Send so many of ``cases`` and fail at the first that is a server error, with the smallest of its kind."""

    @settings(max_examples=N_CASES, derandomize=not IS_RANDOM, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def send(case: Any) -> None:
        tally[operation.label] = number = tally.get(operation.label, 0) + 1
        if number % 2:  # made up names lead nowhere: half of the requests are about what is there
            _name_what_is_there(case)
        case.validate_response(case.call(), checks=[not_a_server_error])

    send()


def _name_what_is_there(case: schemathesis.Case) -> None:
    if isinstance(case.body, dict):
        if "model" in case.body:
            case.body["model"] = BUILT_IN if case.path.endswith("/embeddings") else "quarry/shop"
        if "repo" in case.body:
            case.body["repo"] = "shop"
    if case.query and "repo" in case.query:
        case.query["repo"] = "shop"
    if case.path_parameters and "model_id" in case.path_parameters:
        case.path_parameters["model_id"] = "quarry/shop"
