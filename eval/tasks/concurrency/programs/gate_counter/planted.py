import threading


class Gates:
    """Counts the trucks that pass each gate, from one thread a gate."""

    def __init__(self):
        self.counts = {}
        self.total = 0

    def passed(self, gate, trucks=1):
        self.counts[gate] = self.counts.get(gate, 0) + trucks
        self.total += trucks

    def report(self):
        """Trucks by gate, in order of the gates' names, and in all."""
        return dict(sorted(self.counts.items())), self.total


def replay(gates, logs):
    """Count several logs, which are lists of gates, each on a thread of its own."""
    threads = [threading.Thread(target=lambda log=log: [gates.passed(gate) for gate in log]) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return gates.report()
