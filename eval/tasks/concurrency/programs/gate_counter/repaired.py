import threading

from quayside.tally import Tally


class Gates:
    """Counts the trucks that pass each gate, from one thread a gate."""

    def __init__(self):
        self._tally = Tally()

    @property
    def counts(self):
        return self._tally.read()

    @property
    def total(self):
        return sum(self._tally.read().values())

    def passed(self, gate, trucks=1):
        self._tally.add(gate, trucks)

    def report(self):
        """Trucks by gate, in order of the gates' names, and in all."""
        counts = self._tally.read()
        return dict(sorted(counts.items())), sum(counts.values())


def replay(gates, logs):
    """Count several logs, which are lists of gates, each on a thread of its own."""
    threads = [threading.Thread(target=lambda log=log: [gates.passed(gate) for gate in log]) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return gates.report()
