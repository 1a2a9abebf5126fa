"""/metrics: what is counted, in Prometheus' own reading of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from api.jobs import JobQueue
from api.metrics import Metrics
from api.queue import ModelQueue
from api.settings import ApiSettings
from assistant.records import Answer, Citation, TokenCount, Trace, Usage

ASK = {"repo": "shop", "messages": [{"role": "user", "content": "What is the default quantity in add_to_cart?"}]}


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """All values by name and labels' values, in the order of the labels' names."""
    return {
        (sample.name, tuple(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(url: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """All values of a service."""
    response = httpx.get(f"{url}/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return samples(response.text)


def test_answers_are_counted(served: Callable[..., str], stand_in: Any) -> None:
    """Each whole answer is one observation of each time, and its tokens are summed."""
    url = served(stand_in(pause_seconds=0.01))
    for _ in range(3):
        httpx.post(f"{url}/chat", json=ASK)
    now = read(url)
    assert now["quarry_answers_total", ("stop",)] == 3
    for name in ("first_token_seconds", "model_first_token_seconds", "queue_wait_seconds", "retrieval_seconds"):
        assert now[f"quarry_{name}_count", ()] == 3, name
    assert now["quarry_first_token_seconds_sum", ()] > now["quarry_model_first_token_seconds_sum", ()] > 0.02
    assert now["quarry_generated_tokens_per_second_count", ()] == 3
    assert now["quarry_prompt_tokens_total", ()] == 21
    assert now["quarry_completion_tokens_total", ()] == 6


def test_failures_and_refusals_are_counted(served: Callable[..., str], stand_in: Any) -> None:
    """What fails is counted by route and status, and an answer that broke off as such."""
    url = served(stand_in(fails_after=1))
    httpx.post(f"{url}/chat", json=ASK)
    httpx.post(f"{url}/chat", json={**ASK, "repo": "nowhere"})
    httpx.get(f"{url}/jobs/1")
    httpx.get(f"{url}/no/such/path")
    now = read(url)
    assert now["quarry_answers_total", ("error",)] == 2
    assert now["quarry_http_requests_total", ("POST", "/chat", "503")] == 1
    assert now["quarry_http_requests_total", ("POST", "/chat", "404")] == 1
    assert now["quarry_http_requests_total", ("GET", "/jobs/{job_id}", "404")] == 1
    assert now["quarry_http_requests_total", ("GET", "unmatched", "404")] == 1


def test_what_the_pipeline_found_is_counted(tmp_path: Path) -> None:
    """Cached tokens, citations, removed ones, unknown names and abstentions add up over answers."""
    queue = ModelQueue(2, 5)
    metrics = Metrics(queue, JobQueue(ApiSettings(home=tmp_path)))
    nothing = TokenCount(0, exact=True)
    fields: dict[str, Any] = {
        "text": "",
        "passages": (),
        "model": "m",
        "finish_reason": "stop",
        "timings_ms": {"retrieval": 4.0, "first_token": 100.0},
        "trace": Trace("v", (), (), 0, nothing, nothing),
        "messages": (),
    }
    citation = Citation(1, "r", None, "a.py", 1, 2, 0, 3)
    answer = Answer(
        **fields,
        usage=Usage(1000, 50, 900),
        citations=(citation, citation),
        n_citations_removed=1,
        unknown_names=("a", "b", "c"),
    )
    abstained = Answer(**fields, usage=Usage(0, 0), abstained=True)
    took = {"wait_ms": 30.0, "first_token_ms": 150.0, "generation_ms": 490.0}
    for each in (answer, abstained):
        metrics.count_answer(each)
        metrics.count_model(each.usage, each.timings_ms, asked_model=not each.abstained, **took)
    now = samples(metrics.to_text().decode())
    assert now["quarry_cached_prompt_tokens_total", ()] == 900
    assert now["quarry_citations_total", ()] == 2
    assert now["quarry_citations_removed_total", ()] == 1
    assert now["quarry_unknown_names_total", ()] == 3
    assert now["quarry_abstentions_total", ()] == 1
    assert now["quarry_answers_total", ("abstained",)] == 1
    assert now["quarry_generated_tokens_per_second_sum", ()] == 100
    assert now["quarry_first_token_seconds_sum", ()] == 0.15
    assert now["quarry_retrieval_seconds_count", ()] == 2
    assert now["quarry_model_slots", ()] == 2


def test_jobs_are_counted_by_state(served: Callable[..., str], stand_in: Any) -> None:
    """An indexing job that failed is one failed job."""
    url = served(stand_in())
    job = httpx.post(f"{url}/repos", json={"source": "/no/such/folder"}).json()
    while httpx.get(f"{url}/jobs/{job['id']}").json()["state"] != "failed":
        pass
    assert read(url)["quarry_index_jobs", ("failed",)] == 1
    assert read(url)["quarry_index_jobs", ("running",)] == 0
