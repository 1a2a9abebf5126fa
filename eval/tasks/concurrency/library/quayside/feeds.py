"""Iterators that several threads draw from."""

import threading


class SharedFeed:
    """An iterator around any other, a generator too, that threads may draw from at the same time."""

    def __init__(self, items):
        self._items = iter(items)
        self._lock = threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self._lock:
            return next(self._items)
