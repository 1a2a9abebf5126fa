import threading

from quayside.locks import all_of


class Crane:
    """A crane works one job at a time."""

    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()
        self.log = []


def lift_together(first, second, load):
    """A heavy load, lifted by two cranes at once. Both log it."""
    with all_of(first.lock, second.lock):
        first.log.append(load)
        second.log.append(load)


def work(plan):
    """Lifts (first crane, second crane, load), each on a thread of its own. Ends when all are done."""
    threads = [threading.Thread(target=lift_together, args=lift) for lift in plan]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
