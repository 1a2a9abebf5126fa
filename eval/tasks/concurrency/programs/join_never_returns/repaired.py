import asyncio


async def process_all(items, handle, n_workers=3):
    """Handle all items on a few workers: what was returned by item, and the items that failed."""
    queue = asyncio.Queue()
    done, failed = {}, []
    for item in items:
        queue.put_nowait(item)

    async def work():
        while True:
            item = await queue.get()
            try:
                if item not in done:
                    done[item] = await handle(item)
            except ValueError:
                failed.append(item)
            finally:
                queue.task_done()

    workers = [asyncio.ensure_future(work()) for _ in range(n_workers)]
    await queue.join()
    for worker in workers:
        worker.cancel()
    return done, failed
