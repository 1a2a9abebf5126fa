"""What the service counts, for Prometheus: the one door to prometheus_client. Labels never hold what clients wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from assistant.records import Answer, Usage

    from .jobs import JobQueue
    from .queue import ModelQueue

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_MODEL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80)  # a long prompt on two cores takes 25 s
_SEARCH_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
_TOKENS_PER_SECOND = (1, 2.5, 5, 10, 20, 30, 40, 60, 80, 120, 200)


class Metrics:
    """One service's counts, in a registry of its own."""

    def __init__(self, queue: ModelQueue, jobs: JobQueue) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Now(queue, jobs))

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"quarry_{name}", what, labels, registry=registry)

        def histogram(name: str, what: str, buckets: Iterable[float]) -> Histogram:
            return Histogram(f"quarry_{name}", what, buckets=tuple(buckets), registry=registry)

        self._requests = counter("http_requests", "Requests answered.", "route", "method", "status")
        self._rejected = counter("rejected", "Requests refused with 429, by reason.", "reason")
        self._answers = counter("answers", "Answers and completions, by how they ended.", "outcome")
        self._first_token = histogram("first_token_seconds", "From a question to its first token.", _MODEL_SECONDS)
        self._model_token = histogram("model_first_token_seconds", "The model's own part of that.", _MODEL_SECONDS)
        self._wait = histogram("queue_wait_seconds", "How long questions waited for the model.", _MODEL_SECONDS)
        self._retrieval = histogram("retrieval_seconds", "How long the search for an answer took.", _SEARCH_SECONDS)
        self._speed = histogram("generated_tokens_per_second", "Speed of an answer.", _TOKENS_PER_SECOND)
        self._prompt = counter("prompt_tokens", "Tokens of prompts.")
        self._cached = counter(
            "cached_prompt_tokens", "Those of them that the engine had read before, where it says so."
        )
        self._completion = counter("completion_tokens", "Tokens of answers.")
        self._abstained = counter("abstentions", "Questions that the model was not asked, for lack of evidence.")
        self._unknown = counter("unknown_names", "Names in answers that nothing shows to exist.")
        self._citations = counter("citations", "Statements of answers that the code supports.")
        self._removed = counter("citations_removed", "Citations that a model wrote and nothing supports.")
        for reason in ("queue", "rate", "tokens"):
            self._rejected.labels(reason)

    def count_request(self, route: str, method: str, status: int) -> None:
        """A request that was answered; ``route`` is the template, such as /repos/{name}."""
        self._requests.labels(route, method if method in _METHODS else "other", status).inc()

    def count_rejected(self, reason: str) -> None:
        """A request that was refused: for the ``queue``, a key's ``rate`` or its ``tokens``."""
        self._rejected.labels(reason).inc()

    def count_end(self, outcome: str) -> None:
        """An answer or a completion that is over: ``stop``, ``length``, ``abstained``, ``error`` or ``hung up``."""
        self._answers.labels(outcome).inc()

    def count_answer(self, answer: Answer) -> None:
        """What a whole answer says; what it took is ``count_model``'s."""
        self._unknown.inc(len(answer.unknown_names))
        self._citations.inc(len(answer.citations))
        self._removed.inc(answer.n_citations_removed)
        if answer.abstained:
            self._abstained.inc()

    def count_model(
        self,
        usage: Usage,
        timings_ms: Mapping[str, float],
        *,
        retrieved: bool,
        asked_model: bool,
        wait_ms: float,
        first_token_ms: float | None,
        generation_ms: float,
    ) -> None:
        """What a whole answer or completion took.

        ``first_token_ms`` is since the question came, ``generation_ms`` since the first token.
        """
        if retrieved:
            self._retrieval.observe(timings_ms.get("retrieval", 0.0) / 1000)
        if not asked_model:
            return
        self._wait.observe(wait_ms / 1000)
        self._prompt.inc(usage.prompt_tokens)
        self._cached.inc(usage.cached_tokens or 0)
        self._completion.inc(usage.completion_tokens)
        if first_token_ms is not None:
            self._first_token.observe(first_token_ms / 1000)
            self._model_token.observe(timings_ms.get("first_token", 0.0) / 1000)
        if usage.completion_tokens > 1 and generation_ms > 0:
            self._speed.observe((usage.completion_tokens - 1) / generation_ms * 1000)

    def to_text(self) -> bytes:
        """All of it in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)


_METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH")


class _Now(Collector):
    """What is read when it is asked for: the line, and the indexing jobs."""

    def __init__(self, queue: ModelQueue, jobs: JobQueue) -> None:
        self._queue, self._jobs = queue, jobs

    def collect(self) -> Iterator[Metric]:
        """The gauges as they are now."""
        for name, what, value in (
            ("queue_waiting", "Questions that wait for the model.", self._queue.n_waiting),
            ("model_running", "Questions that the model answers now.", self._queue.n_running),
            ("model_slots", "Questions that it can answer at once.", self._queue.n_slots),
        ):
            yield GaugeMetricFamily(f"quarry_{name}", what, value=value)
        jobs = GaugeMetricFamily("quarry_index_jobs", "Indexing jobs since the start, by state.", labels=["state"])
        for state, n_jobs in self._jobs.count_states().items():
            jobs.add_metric([state], n_jobs)
        yield jobs

    def describe(self) -> list[Metric]:
        """Nothing: names are known without being collected."""
        return []
