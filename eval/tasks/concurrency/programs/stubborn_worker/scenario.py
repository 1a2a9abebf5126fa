import asyncio


class Device:
    def __init__(self, failing=()):
        self.n_reads = 0
        self.failing = failing
        self.is_closed = False

    async def read(self):
        assert not self.is_closed, "read after close"
        self.n_reads += 1
        number = self.n_reads
        await asyncio.sleep(0.2)
        if number in self.failing:
            raise OSError("no answer")
        return number

    async def close(self):
        await asyncio.sleep(0.1)
        self.is_closed = True


async def test_stop_ends_it(program):
    """After `stop` the device is closed, and nobody reads it any more."""
    device = Device()
    poller = program.Poller(device)
    poller.start()
    await asyncio.sleep(3.5)
    await poller.stop()
    n_reads = device.n_reads
    assert device.is_closed, "the device is not closed after stop"
    await asyncio.sleep(10)
    assert device.n_reads == n_reads, f"read {device.n_reads - n_reads} times after stop"
    assert poller.task is None or poller.task.done(), "the task still runs after stop"


async def test_stop_while_reading(program):
    """It can be stopped in the middle of a read."""
    device = Device()
    poller = program.Poller(device)
    poller.start()
    await asyncio.sleep(0.1)
    await poller.stop()
    await asyncio.sleep(10)
    assert device.is_closed and device.n_reads == 1, f"closed {device.is_closed}, read {device.n_reads} times"


async def test_errors_do_not_end_it(program):
    """After a read that fails it goes on."""
    device = Device(failing=(1, 2))
    poller = program.Poller(device)
    poller.start()
    await asyncio.sleep(6)
    assert len(poller.readings) >= 2, f"readings {poller.readings} after 6 s with two failures"
    await poller.stop()
