"""Calls that are tried again after errors which pass."""

import asyncio


async def async_retry(call, tries=3, wait_seconds=0.1, errors=(OSError,)):
    """What ``await call()`` returns, tried again after one of ``errors``, with twice the wait each time."""
    for number in range(tries):
        try:
            return await call()
        except errors:
            if number == tries - 1:
                raise
            await asyncio.sleep(wait_seconds * 2**number)
    raise ValueError("at least one try")
