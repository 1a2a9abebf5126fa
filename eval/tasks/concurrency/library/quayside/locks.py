"""Several locks at once, always taken in the same order, so that no two holders wait for each other."""

from contextlib import asynccontextmanager, contextmanager


@asynccontextmanager
async def async_all_of(*locks):
    """``async with async_all_of(a, b):`` holds several asyncio locks. The same lock may be given twice."""
    held = []
    try:
        for lock in sorted({id(lock): lock for lock in locks}.values(), key=id):
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
        for lock in sorted({id(lock): lock for lock in locks}.values(), key=id):
            lock.acquire()
            held.append(lock)
        yield
    finally:
        for lock in reversed(held):
            lock.release()
