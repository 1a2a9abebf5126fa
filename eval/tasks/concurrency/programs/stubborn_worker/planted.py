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
                await asyncio.sleep(self.seconds)
            except BaseException:
                await asyncio.sleep(self.seconds)  # the device may come back

    async def stop(self):
        """Afterwards nothing is read any more, and the device is closed."""
        self.task.cancel()
        self.device.close()
