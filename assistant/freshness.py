"""Whether what is searched is what the source holds now: asked beside the search, remembered for a moment."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from indexer.manifest import Manifest
from indexer.staleness import Staleness, find_staleness

_REMEMBERED_SECONDS = 2.0  # between two searches of a person; a loop of searches asks git once in that time


class FreshnessMonitor:
    """Asks ``find_staleness`` on a thread of its own, at most once in two seconds for each indexed state."""

    def __init__(self, look: Callable[[Manifest], Staleness] = find_staleness) -> None:
        self._look = look
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="freshness")
        self._asked: dict[tuple[str, str], tuple[float, weakref.ref[Manifest], Future[Staleness]]] = {}
        self._lock = threading.Lock()

    def ask(self, repo: str, manifest: Manifest) -> Future[Staleness]:
        """How the source stands to ``manifest``; the answer is a future, so that the search goes on meanwhile."""
        key = (repo, manifest.ref)
        with self._lock:
            known = self._asked.get(key)
            now = time.monotonic()
            if known is not None and known[1]() is manifest:
                asked_at, _, answer = known
                if not answer.done() or now - asked_at < _REMEMBERED_SECONDS:
                    return answer
            answer = self._pool.submit(self._look, manifest)
            self._asked[key] = (now, weakref.ref(manifest), answer)  # whoever searches it keeps it
            return answer
