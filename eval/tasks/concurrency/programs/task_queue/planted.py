import asyncio
import threading


class TaskQueue:
    """Runs jobs, which are functions that return an awaitable, on a fixed number of workers."""

    def __init__(self, n_workers):
        self.n_workers = n_workers
        self.jobs = asyncio.Queue()
        self.lock = threading.Lock()
        self.results = {}
        self.failed = {}
        self.n_active = 0
        self.n_done = 0
        self.workers = []

    async def start(self):
        for number in range(self.n_workers):
            self.workers.append(asyncio.create_task(self.work(number)))

    async def submit(self, name, job):
        self.jobs.put((name, job))

    async def work(self, number):
        while True:
            name, job = await self.jobs.get()
            active = self.n_active
            await self.log(f"worker {number} takes {name}")
            self.n_active = active + 1
            try:
                result = await job()
                async with self.lock:
                    self.results[name] = result
            except Exception as error:
                self.failed[name] = error
            finally:
                self.n_active -= 1
                done = self.n_done
                await self.log(f"worker {number} has done {name}")
                self.n_done = done + 1
                self.jobs.task_done()

    async def log(self, line):
        await asyncio.sleep(0)

    async def drain(self):
        """Wait for all jobs, then end the workers."""
        await self.jobs.join()
        for worker in self.workers:
            worker.cancel()
        await asyncio.gather(*self.workers, return_exceptions=True)
        self.workers.clear()
