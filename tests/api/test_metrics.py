"""/metrics: what is counted, in Prometheus' own reading of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api import asking
from api.callers import Caller
from api.errors import Stopping
from api.jobs import JobQueue
from api.logs import RequestRecord
from api.metrics import Metrics
from api.queue import ModelQueue
from api.settings import ApiSettings
from api.state import ServiceState
from assistant.events import AskRequest, PassagesFound, TokenGenerated
from assistant.records import Answer, Citation, Message, TokenCount, Trace, Usage

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


def test_completions_are_counted_as_answers_are(served: Callable[..., str], stand_in: Any) -> None:
    """A completion that is whole and one that broke off are both counted by how they ended."""
    code = {"model": "quarry/shop", "prompt": "def order(cart):\n    add_"}
    whole, broken = served(stand_in()), served(stand_in(fails_after=1))
    for url in (whole, broken):
        httpx.post(f"{url}/v1/completions", json=code)
    assert read(whole)["quarry_answers_total", ("stop",)] == 1
    assert read(broken)["quarry_answers_total", ("error",)] == 1


def test_only_searches_are_observed_as_such(served: Callable[..., str], stand_in: Any) -> None:
    """What is answered without code says nothing of how long a search takes."""
    url = served(stand_in())
    httpx.post(f"{url}/chat", json={**ASK, "retrieval": "off"})
    code = {"model": "quarry/shop", "prompt": "def order(cart):", "quarry": {"retrieval": "off"}}
    httpx.post(f"{url}/v1/completions", json=code)
    now = read(url)
    assert (now["quarry_answers_total", ("stop",)], now["quarry_queue_wait_seconds_count", ()]) == (2, 2)
    assert now["quarry_retrieval_seconds_count", ()] == 0


def test_an_answer_that_the_service_cuts_off_is_no_hang_up(
    home: Path, stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that has no more time at the end is an error in the metrics and in the log, with its kind."""
    record = RequestRecord("1")
    monkeypatch.setattr(asking, "current_request", lambda: record)
    state = ServiceState(ApiSettings(home=home), stand_in(words=["word "] * 900, pause_seconds=0.02))
    asked = AskRequest("shop", [Message("user", "What is the default quantity in add_to_cart?")])

    async def test() -> None:
        is_answering = asyncio.Event()

        async def read_all() -> None:
            async with aclosing(asking.ask(state, asked, Caller())) as events:
                async for event in events:
                    if isinstance(event, TokenGenerated):
                        is_answering.set()

        reading = asyncio.create_task(read_all())
        await asyncio.wait_for(is_answering.wait(), 60)
        state.queue.cut()
        with pytest.raises(Stopping):
            await reading

    asyncio.run(test())
    now = samples(state.metrics.to_text().decode())
    state.close()
    assert (record.outcome, record.error) == ("error", "Stopping")
    assert {labels: n for (name, labels), n in now.items() if name == "quarry_answers_total"} == {("error",): 1}


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
    citation = Citation(1, "r", "HEAD", None, "a.py", 1, 2, 0, 3)
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
        metrics.count_model(each.usage, each.timings_ms, retrieved=True, asked_model=not each.abstained, **took)
    now = samples(metrics.to_text().decode())
    assert now["quarry_cached_prompt_tokens_total", ()] == 900
    assert now["quarry_citations_total", ()] == 2
    assert now["quarry_citations_removed_total", ()] == 1
    assert now["quarry_unknown_names_total", ()] == 3
    assert now["quarry_abstentions_total", ()] == 1
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


@pytest.mark.parametrize("are_read", [True, False])
def test_places_that_the_model_does_not_read_are_no_prompt(are_read: bool) -> None:
    """Who hangs up during a refusal is not charged for the places that it names."""
    nothing: Any = None
    account = asking._Account(nothing, Caller(), nothing, "Where are orders kept?", retrieves=True)
    account.see(PassagesFound([], are_read=are_read, prompt_tokens=120))
    assert account.n_prompt_tokens == (120 if are_read else 0)
