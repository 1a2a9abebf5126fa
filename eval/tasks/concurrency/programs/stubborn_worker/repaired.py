import asyncio


class Poller:
    """Polls a device until it is stopped; the connection is closed at the end."""

    def __init__(self, device, seconds=1.0):
        self.device = device
        self.seconds = seconds
        self.readings = []
        self.task = None

    def start(self):
        self.task = asyncio.ensure_future(self.run())

    async def run(self):
        while True:
            try:
                self.readings.append(await self.device.read())
            except Exception:
                pass  # the device may come back
            await asyncio.sleep(self.seconds)

    async def stop(self):
        """Afterwards nothing is read any more, and the device is closed."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.device.close()
