"""Warm searches over one index, timed. A process of its own, so that its memory is its own.

python -m bench.searching NAME     prints what it measured as JSON; QUARRY_HOME says where
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

from assistant.search import Searcher
from indexer.settings import IndexerSettings

# Of the kinds that people ask: how something works, names with and without qualifiers, single words, long sentences.
QUERIES = (
    *("how is a request routed to a view", "QuerySet.filter", "csrf token validation", "password hashing"),
    *("where are migrations applied to the database", "template tag registration", "class based view dispatch"),
    *("session cookie", "ForeignKey on_delete", "cache backend timeout", "simplify trigonometric expressions"),
    *("solve a system of linear equations symbolically", "Matrix.det", "integrate by parts", "printing latex output"),
    *("gradient boosting tree split", "KMeans.fit", "cross validation scores", "standard scaler with mean"),
    *("how are missing values imputed", "reactor callLater", "ssh key exchange", "Deferred", "parse http headers"),
    *("sparse matrix multiplication csr", "minimize with bounds", "curve_fit", "fast fourier transform of real input"),
    *("s3 bucket create and list objects", "mock dynamodb query", "lambda invoke", "coordinate frame transformation"),
    *("fits header card", "unit conversion", "redshift cosmology distance", "light entity turn on brightness"),
    *("config flow user step", "async_setup_entry", "mqtt discovery topic", "attention mask causal", "BertModel"),
    *("tokenizer padding side", "generate with beam search", "load pretrained weights from a checkpoint"),
    *("rotary position embedding", "scheduler step noise prediction", "UNet2DConditionModel", "read file"),
    *("get the name of the class and return the value of the default argument for each of its parameters", "error"),
    *("what happens when the connection is lost while data is being written", "def test_", "__init__"),
)
_WARM_UP = ("open the file", "list of users", "parse_args", "convert to string", "raise an error when empty")
_N_ROUNDS = 3


def measure_searches(name: str) -> dict[str, Any]:
    """All queries, three times over, after five others. Milliseconds; ``steps_ms`` are means."""
    searcher = Searcher(IndexerSettings().home)
    started = time.perf_counter()
    searcher.search(name, _WARM_UP[0])
    first_ms = (time.perf_counter() - started) * 1000
    for query in _WARM_UP[1:]:
        searcher.search(name, query)
    rounds: list[list[float]] = []
    steps: dict[str, list[float]] = {}
    for _ in range(_N_ROUNDS):
        rounds.append([])
        for query in QUERIES:
            started = time.perf_counter()
            result = searcher.search(name, query)
            rounds[-1].append((time.perf_counter() - started) * 1000)
            for step, ms in result.timings_ms.items():
                steps.setdefault(step, []).append(ms)
    every = [ms for asked in rounds for ms in asked]
    slowest = max(range(len(QUERIES)), key=lambda i: statistics.median(asked[i] for asked in rounds))
    return {
        "n_queries": len(QUERIES),
        "n_rounds": _N_ROUNDS,
        "p50_ms": statistics.median(every),
        "p95_ms": percentile(every, 0.95),
        "first_round_p50_ms": statistics.median(rounds[0]),
        "first_search_ms": first_ms,
        "slowest_query": QUERIES[slowest],
        "slowest_query_ms": statistics.median(asked[slowest] for asked in rounds),
        "steps_ms": {step: round(statistics.fmean(values), 3) for step, values in steps.items()},
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    json.dump(measure_searches(sys.argv[1]), sys.stdout)
