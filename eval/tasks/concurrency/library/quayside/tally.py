"""Counts that many threads add to."""

import threading
from collections import Counter


class Tally:
    """Counts by name. Every method may be called by any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts = Counter()

    def add(self, name, by=1):
        """Add to a count; returns what it is then."""
        with self._lock:
            self._counts[name] += by
            return self._counts[name]

    def read(self):
        """All counts, as a dict of its own, as they are at one moment."""
        with self._lock:
            return dict(self._counts)
