"""Several locks at once, always taken in the same order, so that no two holders wait for each other."""

import itertools
import weakref
from contextlib import asynccontextmanager, contextmanager

_numbers = weakref.WeakKeyDictionary()
_next_number = itertools.count()


def _in_order(locks):
    """The locks, each once, by when they were first seen here."""
    return sorted({_numbers.setdefault(lock, next(_next_number)): lock for lock in locks}.items())


@asynccontextmanager
async def async_all_of(*locks):
    """``async with async_all_of(a, b):`` holds several asyncio locks. The same lock may be given twice."""
    held = []
    try:
        for _, lock in _in_order(locks):
            await lock.acquire()
            held.append(lock)
        yield
    finally:
        for lock in reversed(held):
            lock.release()


@contextmanager
def all_of(*locks):
    """``with all_of(a, b):`` holds several locks of threads. The same lock may be given twice."""
    held = []
    try:
        for _, lock in _in_order(locks):
            lock.acquire()
            held.append(lock)
        yield
    finally:
        for lock in reversed(held):
            lock.release()
